/** Compressed certificates (RFC 8879): BoringSSL's calls, and those of OpenSSL 3.2. */
import type { CertCompressor } from '../config/callbacks.ts';
import { refuse } from '../registry/fatal.ts';
import { attempt } from './errors.ts';
import { put } from './settings.ts';
import type { SSL, SSL_CTX } from './types.ts';

export const TLSEXT_comp_cert_none = 0;
export const TLSEXT_comp_cert_zlib = 1;
export const TLSEXT_comp_cert_brotli = 2;
export const TLSEXT_comp_cert_zstd = 3;

/** What was compressed, shorter; null where it cannot be done, and the handshake fails. */
export type ssl_cert_compression_func_t = (ssl: SSL, input: Uint8Array) => Uint8Array | null;
/** What was compressed, `uncompressed_len` bytes; null where `input` is not that. It must never make more. */
export type ssl_cert_decompression_func_t = (ssl: SSL, uncompressed_len: number, input: Uint8Array) => Uint8Array | null;

/**
 * BoringSSL's: one more algorithm, liked less than those before it. Without `compress` it is only taken, without `decompress` only sent. 0 for one
 * that is there already.
 */
export function SSL_CTX_add_cert_compression_alg(
  ctx: SSL_CTX,
  alg_id: number,
  compress: ssl_cert_compression_func_t | null,
  decompress: ssl_cert_decompression_func_t | null,
): number {
  const added: CertCompressor = {
    id: alg_id,
    ...(compress && { compress: (data, ssl) => compress(ssl, data) ?? refuse('COMPRESSION_FAILURE') }),
    ...(decompress && { decompress: (data, length, ssl) => decompress(ssl, length, data) ?? refuse('BAD_DECOMPRESSION') }),
  };
  return put('SSL_CTX_add_cert_compression_alg', ctx, 'certCompression', [...ctx.get('certCompression'), added]);
}

/** TLSEXT_comp_cert_* in order of preference; none at all switches compression off. 0 for one that neither platform nor application has. */
export const SSL_CTX_set1_cert_comp_preference = (ctx: SSL_CTX, algs: readonly number[]): number =>
  prefer('SSL_CTX_set1_cert_comp_preference', ctx, algs);
export const SSL_set1_cert_comp_preference = (ssl: SSL, algs: readonly number[]): number =>
  prefer('SSL_set1_cert_comp_preference', ssl, algs);

function prefer(func: string, holder: SSL_CTX | SSL, algs: readonly number[]): number {
  return attempt(func, 0, () => {
    const known = [...holder.get('certCompression'), ...(holder.provider.compressors ?? [])];
    const chosen = algs.map((alg) => known.find(({ id }) => id === alg) ?? refuse('BAD_COMPRESSION_ALGORITHM', `${alg}`));
    return put(func, holder, 'certCompression', chosen);
  });
}
