import { type Reader, readAll } from '../bytes/reader.ts';
import { build, type Writer } from '../bytes/writer.ts';
import { fatal } from '../registry/fatal.ts';
import { LIMITS } from '../registry/limits.ts';
import type { RawExtension } from '../wire/message.ts';

/**
 * The messages an extension can stand in (RFC 9846, 4.2): ClientHello, ServerHello of TLS 1.2 and of 1.3,
 * HelloRetryRequest, EncryptedExtensions, a Certificate entry, CertificateRequest, NewSessionTicket.
 */
export type Place = 'CH' | 'SH12' | 'SH13' | 'HRR' | 'EE' | 'CT' | 'CR' | 'NST';

/** What stands between the length and the end of an extension, both ways. */
export interface Codec<T> {
  readonly read: (r: Reader) => T;
  readonly write: (w: Writer, value: T) => void;
}

/** One extension: its number, its name, where it is specified, and its form in each message it may stand in. No form, no place. */
export type ExtensionDef<Forms> = {
  readonly id: number;
  readonly name: string;
  readonly spec: string;
} & { readonly [P in keyof Forms]: Codec<Forms[P]> };

/** A definition of which only the number, the name and the set of places matter. */
export type AnyExtension = { readonly id: number; readonly name: string; readonly spec: string } & {
  readonly [P in Place]?: { readonly read: (r: Reader) => unknown };
};

/** The form of an extension whose presence is all it says. */
export const FLAG: Codec<true> = {
  read: () => true,
  write: () => {},
};

/** The extension as it goes on the wire. */
export function encode<Forms, P extends keyof Forms & Place>(def: ExtensionDef<Forms>, place: P, value: Forms[P]): RawExtension {
  const codec: Codec<Forms[P]> = (def as { readonly [K in keyof Forms]: Codec<Forms[K]> })[place];
  return { type: def.id, data: build((w) => codec.write(w, value)) };
}

/** The extensions of one message, checked and decoded, each at most once. */
export class ExtensionBlock<P extends Place> {
  readonly place: P;
  readonly raw: readonly RawExtension[];
  private readonly values: Map<number, unknown> = new Map();

  /**
   * Decodes every extension that `table` knows. One that stands twice, or that is known and may not stand in this
   * message, is illegal_parameter (RFC 9846, 4.2); a malformed one is decode_error. Unknown ones stay raw.
   */
  constructor(place: P, raw: readonly RawExtension[], table: ReadonlyMap<number, AnyExtension>) {
    this.place = place;
    this.raw = raw;
    if (raw.length > LIMITS.extensions.value) fatal('decode_error', 'BAD_EXTENSION', `${raw.length} extensions`);
    for (const { type, data } of raw) {
      if (this.values.has(type)) fatal('illegal_parameter', 'BAD_EXTENSION', `extension ${type} twice`);
      const def = table.get(type);
      const codec = def?.[place];
      if (def !== undefined && codec === undefined) fatal('illegal_parameter', 'BAD_EXTENSION', `${def.name} in the wrong message`);
      this.values.set(type, codec === undefined ? data : readAll(data, codec.read));
    }
  }

  has(def: { readonly id: number }): boolean {
    return this.values.has(def.id);
  }

  get<T>(def: { readonly id: number } & { readonly [K in P]: Codec<T> }): T | undefined {
    // The table decoded this value with def[place], so it is a T.
    return this.values.get(def.id) as T | undefined;
  }

  /** RFC 9846, 4.2: an answer to something that was not asked is unsupported_extension. */
  onlyAnswersTo(offered: ReadonlySet<number>): void {
    for (const { type } of this.raw) {
      if (!offered.has(type)) fatal('unsupported_extension', 'UNSOLICITED_EXTENSION', `extension ${type}`);
    }
  }
}
