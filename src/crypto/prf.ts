import { concat, EMPTY, utf8, wipe } from '../bytes/bytes.ts';
import { TLS1_2_VERSION } from '../registry/versions.ts';
import type { CryptoProvider, HashName } from './provider.ts';

/** The labels of the two Finished messages. */
export type FinishedLabel = 'client finished' | 'server finished';

/**
 * The pseudorandom function of TLS 1.0 to 1.2, and all that comes out of it. From TLS 1.2 on it is P_hash with the suite's hash
 * (RFC 5246, 5); below, P_MD5 of one half of the secret, XORed with P_SHA-1 of the other (RFC 4346, 5). Every secret that is
 * returned is the caller's to wipe.
 */
export class Prf {
  /** What the transcript is hashed with: the same hash, or below TLS 1.2 both side by side (RFC 5246 and RFC 4346, 7.4.9). */
  readonly transcriptHash: HashName;
  private readonly provider: CryptoProvider;

  /** `hash`: the suite's; it means nothing below TLS 1.2. */
  constructor(provider: CryptoProvider, version: number, hash: HashName) {
    this.provider = provider;
    this.transcriptHash = version >= TLS1_2_VERSION ? hash : 'md5-sha1';
  }

  /** RFC 5246, 8.1. */
  masterSecret(premaster: Uint8Array, clientRandom: Uint8Array, serverRandom: Uint8Array): Uint8Array {
    return this.expand(premaster, 'master secret', concat(clientRandom, serverRandom), MASTER_LENGTH);
  }

  /** RFC 7627, 4; `sessionHash` is the hash of all messages up to and with ClientKeyExchange. */
  extendedMasterSecret(premaster: Uint8Array, sessionHash: Uint8Array): Uint8Array {
    return this.expand(premaster, 'extended master secret', sessionHash, MASTER_LENGTH);
  }

  /** RFC 5246, 6.3. The server's random comes first here. */
  keyBlock(master: Uint8Array, serverRandom: Uint8Array, clientRandom: Uint8Array, length: number): Uint8Array {
    return this.expand(master, 'key expansion', concat(serverRandom, clientRandom), length);
  }

  /** The 12 bytes of a Finished (RFC 5246, 7.4.9). */
  verifyData(master: Uint8Array, label: FinishedLabel, handshakeHash: Uint8Array): Uint8Array {
    return this.expand(master, label, handshakeHash, VERIFY_DATA_LENGTH);
  }

  /** Keying material for an application (RFC 5705, 4). An empty context is not the same as none. */
  exporter(
    master: Uint8Array,
    label: string,
    clientRandom: Uint8Array,
    serverRandom: Uint8Array,
    context: Uint8Array | undefined,
    length: number,
  ): Uint8Array {
    if (context !== undefined && context.length > 0xffff) throw new RangeError('an exporter context of more than 65535 bytes');
    const tail = context === undefined ? EMPTY : concat(Uint8Array.of(context.length >>> 8, context.length), context);
    return this.expand(master, label, concat(clientRandom, serverRandom, tail), length);
  }

  private expand(secret: Uint8Array, label: string, seed: Uint8Array, length: number): Uint8Array {
    const labelled = concat(utf8(label), seed);
    const out = new Uint8Array(length);
    if (this.transcriptHash !== 'md5-sha1') {
      this.mix(out, this.transcriptHash, secret, labelled);
      return out;
    }
    // RFC 4346, 5: of an odd length both halves have the middle byte.
    const half = Math.ceil(secret.length / 2);
    this.mix(out, 'md5', secret.subarray(0, half), labelled);
    this.mix(out, 'sha1', secret.subarray(secret.length - half), labelled);
    return out;
  }

  /** XORs P_hash over `out` (RFC 5246, 5). */
  private mix(out: Uint8Array, hash: HashName, secret: Uint8Array, seed: Uint8Array): void {
    const key = this.provider.prfKey(hash, secret);
    let a = seed;
    for (let at = 0; at < out.length; ) {
      a = key.mac(a);
      const block = key.mac(a, seed);
      for (let i = 0; i < block.length && at < out.length; i++, at++) out[at] = (out[at] as number) ^ (block[i] as number);
      wipe(block);
    }
    key.wipe();
  }
}

const MASTER_LENGTH = 48;
const VERIFY_DATA_LENGTH = 12;
