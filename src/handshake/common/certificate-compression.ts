/** Certificate messages made shorter (RFC 8879): what is offered, what is sent, and what comes. */
import { sameBytes } from '../../bytes/bytes.ts';
import { readAll } from '../../bytes/reader.ts';
import { build } from '../../bytes/writer.ts';
import type { CertCompressor } from '../../config/callbacks.ts';
import type { PrivateKey } from '../../crypto/provider.ts';
import { compressCertificate } from '../../extensions/compress-certificate.ts';
import { encode } from '../../extensions/extension.ts';
import { fatal } from '../../registry/fatal.ts';
import { decodeMessage, type RawExtension } from '../../wire/message.ts';
import { type CertificateMessage, type CompressedCertificate, certificate, compressedCertificate } from '../../wire/tls13-messages.ts';
import type { Connection } from '../connection.ts';

const decompressors = (connection: Connection): readonly CertCompressor[] =>
  connection.get('certCompression').filter(({ decompress }) => decompress !== undefined);

/** compress_certificate with what we can decompress, if there is anything. */
export function offeredCompression(connection: Connection, place: 'CH' | 'CR'): readonly RawExtension[] {
  const ids = decompressors(connection).map(({ id }) => id);
  return ids.length > 0 ? [encode(compressCertificate, place, ids)] : [];
}

// ---- receiving

/** The forms in which the peer's Certificate may come. Both are bounded before they are buffered. */
export function certificateForms(connection: Connection): readonly (typeof certificate | typeof compressedCertificate)[] {
  const limit = connection.get('maxCertList');
  const plain = { ...certificate, limit };
  return decompressors(connection).length > 0 ? [plain, { ...compressedCertificate, limit }] : [plain];
}

/** A Certificate message in whichever form it came. */
export const readCertificateMessage = (connection: Connection, raw: Uint8Array): CertificateMessage =>
  raw[0] === certificate.type
    ? decodeMessage(certificate, raw).value
    : decompressed(connection, decodeMessage(compressedCertificate, raw).value);

function decompressed(connection: Connection, { algorithm, uncompressedLength, compressed }: CompressedCertificate): CertificateMessage {
  const compressor = decompressors(connection).find(({ id }) => id === algorithm);
  // RFC 8879, 4: one that we offered, illegal_parameter otherwise.
  if (compressor?.decompress === undefined) return fatal('illegal_parameter', 'BAD_COMPRESSION_ALGORITHM', `algorithm ${algorithm}`);
  // Judged by what is announced, before a byte of it is made.
  if (uncompressedLength > connection.get('maxCertList'))
    fatal('illegal_parameter', 'EXCESSIVE_MESSAGE_SIZE', `a certificate of ${uncompressedLength} bytes`);
  let message: Uint8Array | undefined;
  try {
    message = compressor.decompress(compressed, uncompressedLength, connection.owner.handle);
  } catch {
    // Whatever a decompressor finds fault with, the peer is told the same.
  }
  // RFC 8879, 4: what does not decompress to the announced length is bad_certificate.
  if (message?.length !== uncompressedLength) return fatal('bad_certificate', 'BAD_DECOMPRESSION', `algorithm ${algorithm}`);
  return readAll(message, certificate.read);
}

// ---- sending

/** What a message became under an algorithm. */
interface Compressed {
  readonly compressor: CertCompressor;
  readonly message: Uint8Array;
  readonly compressed: Uint8Array;
}

/** The last message of each key: compressing is worth milliseconds, and the message is nearly always the same. */
const cache: WeakMap<PrivateKey, Compressed> = new WeakMap();

/**
 * A Certificate message under the first of our algorithms that the peer can undo; undefined where there is none, or where its `compress`
 * gives up.
 */
export function compressedForm(
  connection: Connection,
  theirs: readonly number[],
  key: PrivateKey,
  value: CertificateMessage,
): CompressedCertificate | undefined {
  const compressor = connection.get('certCompression').find(({ id, compress }) => compress !== undefined && theirs.includes(id));
  if (compressor?.compress === undefined) return undefined;
  const message = build((w) => certificate.write(w, value));
  const known = cache.get(key);
  const compressed =
    known !== undefined && known.compressor === compressor && sameBytes(known.message, message)
      ? known.compressed
      : compressor.compress(message, connection.owner.handle);
  cache.set(key, { compressor, message, compressed });
  return { algorithm: compressor.id, uncompressedLength: message.length, compressed };
}
