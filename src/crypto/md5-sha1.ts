import { concat } from '../bytes/bytes.ts';
import type { RunningHash } from './provider.ts';

/** MD5 and SHA-1 side by side, as TLS 1.0 and 1.1 use them for Finished and RSA signatures (RFC 4346, 7.4.3 and 7.4.9). */
export class Md5Sha1 implements RunningHash {
  private readonly md5: RunningHash;
  private readonly sha1: RunningHash;

  constructor(md5: RunningHash, sha1: RunningHash) {
    this.md5 = md5;
    this.sha1 = sha1;
  }

  update(data: Uint8Array): void {
    this.md5.update(data);
    this.sha1.update(data);
  }

  snapshot(): Uint8Array {
    return concat(this.md5.snapshot(), this.sha1.snapshot());
  }

  clone(): RunningHash {
    return new Md5Sha1(this.md5.clone(), this.sha1.clone());
  }
}
