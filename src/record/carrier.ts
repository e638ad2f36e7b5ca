import type { Bio } from '../bio/bio.ts';
import type { OpenedRecord } from './protection.ts';
import { RecordReader } from './reader.ts';
import { RecordWriter } from './writer.ts';

/** What carries a connection's messages to the peer: TLS records, or whatever stands in their place. */
export interface Carrier {
  /** The next piece of what came, or why there is none. */
  next(): OpenedRecord | 'retry' | 'eof';
  /** Takes bytes of a content type, to go under the keys in force. */
  append(type: number, bytes: Uint8Array): void;
  /** Hands what it took to the transport; false where that did not take everything. */
  flush(): boolean;
}

/** TLS records between two BIOs. */
export class Records implements Carrier {
  readonly reader: RecordReader = new RecordReader();
  readonly writer: RecordWriter = new RecordWriter();
  input: Bio | undefined;
  output: Bio | undefined;

  next(): OpenedRecord | 'retry' | 'eof' {
    return this.input === undefined ? 'retry' : this.reader.next(this.input);
  }

  append(type: number, bytes: Uint8Array): void {
    this.writer.append(type, bytes);
  }

  flush(): boolean {
    if (this.output === undefined) return this.writer.pending === 0;
    if (!this.writer.flush(this.output)) return false;
    this.output.flush?.();
    return true;
  }

  wipe(): void {
    this.reader.wipe();
    this.writer.wipe();
  }
}
