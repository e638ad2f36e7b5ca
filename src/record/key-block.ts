import type { CbcName, HashName } from '../crypto/provider.ts';
import type { CipherSuite } from '../registry/cipher-suites.ts';
import { fatal } from '../registry/fatal.ts';
import { TLS1_1_VERSION } from '../registry/versions.ts';

/** What protects one direction in TLS 1.0 to 1.2; parts a suite has no use for are empty. */
export interface DirectionKeys {
  readonly mac: Uint8Array;
  readonly key: Uint8Array;
  /** The fixed part of an AEAD's nonces, or in TLS 1.0 a CBC cipher's first IV. */
  readonly iv: Uint8Array;
}

/** Bytes of key block that a suite takes (RFC 5246, 6.3). */
export function keyBlockLength(suite: CipherSuite, version: number): number {
  return 2 * (macLength(suite) + suite.keyLength + ivLength(suite, version));
}

/** Cuts a key block into the keys of both directions, as views (RFC 5246, 6.3). */
export function keysFromBlock(
  suite: CipherSuite,
  version: number,
  block: Uint8Array,
): { readonly client: DirectionKeys; readonly server: DirectionKeys } {
  if (block.length !== keyBlockLength(suite, version)) fatal('internal_error', 'INTERNAL_ERROR', `a key block of ${block.length} bytes`);
  let at = 0;
  const take = (length: number): Uint8Array => {
    at += length;
    return block.subarray(at - length, at);
  };
  const pair = (length: number): readonly [Uint8Array, Uint8Array] => [take(length), take(length)];
  const [clientMac, serverMac] = pair(macLength(suite));
  const [clientKey, serverKey] = pair(suite.keyLength);
  const [clientIv, serverIv] = pair(ivLength(suite, version));
  return { client: { mac: clientMac, key: clientKey, iv: clientIv }, server: { mac: serverMac, key: serverKey, iv: serverIv } };
}

/** Bytes of a block of a CBC cipher. */
export const blockLength = (cbc: CbcName): number => (cbc === '3des-cbc' ? 8 : 16);

/** Bytes of a MAC, which are those of its key as well; 0 for an AEAD. */
const macLength = ({ mac }: CipherSuite): number => (mac === undefined ? 0 : (MAC_LENGTHS[mac] ?? 0));

const MAC_LENGTHS: Readonly<Partial<Record<HashName, number>>> = { md5: 16, sha1: 20, sha256: 32, sha384: 48 };

function ivLength({ aead, cbc }: CipherSuite, version: number): number {
  // RFC 7905, 2: the whole nonce is the IV's. RFC 5288, 3 and RFC 6655, 3: four bytes are, and eight go along with each record.
  if (aead !== undefined) return aead === 'chacha20-poly1305' ? 12 : 4;
  // RFC 4346, 6.2.3.2: from TLS 1.1 on each record brings its own.
  return cbc !== undefined && version < TLS1_1_VERSION ? blockLength(cbc) : 0;
}
