import type { CryptoProvider } from '../../crypto/provider.ts';

/** Reserved values that servers must pass over (RFC 8701), drawn once for a connection. */
export class Grease {
  readonly suite: number;
  readonly group: number;
  readonly version: number;
  readonly scheme: number;
  readonly firstExtension: number;
  /** Different from the first: no extension stands twice. */
  readonly lastExtension: number;

  constructor(provider: CryptoProvider) {
    const [suite = 0, group = 0, version = 0, first = 0, last = 0, scheme = 0] = provider.random(6);
    this.suite = greaseValue(suite);
    this.group = greaseValue(group);
    this.version = greaseValue(version);
    this.scheme = greaseValue(scheme);
    this.firstExtension = greaseValue(first);
    this.lastExtension = greaseValue(last) === this.firstExtension ? greaseValue(last + 0x10) : greaseValue(last);
  }
}

/** 0x0A0A, 0x1A1A … 0xFAFA. */
export const greaseValue = (byte: number): number => (((byte & 0xf0) | 0x0a) << 8) | (byte & 0xf0) | 0x0a;
