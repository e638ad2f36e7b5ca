import { concat, utf8 } from '../../bytes/bytes.ts';
import type { HashName, PublicKeySpec } from '../../crypto/provider.ts';
import { fatal } from '../../registry/fatal.ts';
import { type SignatureScheme, signatureScheme, signatureSchemeName } from '../../registry/signature-schemes.ts';
import { keyBits } from '../../x509/strength.ts';
import type { Connection } from '../connection.ts';
import { type Proof, type Step, settle } from '../step.ts';
import { allowed } from './policy.ts';

const CONTEXT: Readonly<Record<'client' | 'server', Uint8Array>> = {
  client: signedPrefix('TLS 1.3, client CertificateVerify'),
  server: signedPrefix('TLS 1.3, server CertificateVerify'),
};

/** 64 spaces, the context string and a zero byte (RFC 9846, 4.4.3). */
function signedPrefix(context: string): Uint8Array {
  return concat(new Uint8Array(64).fill(0x20), utf8(context), Uint8Array.of(0));
}

/** What a CertificateVerify signs. */
export const signedContent = (signer: 'client' | 'server', transcriptHash: Uint8Array): Uint8Array =>
  concat(CONTEXT[signer], transcriptHash);

/** Whether a scheme may sign a TLS 1.3 handshake with a key. */
export const fits = (scheme: SignatureScheme, key: PublicKeySpec): boolean =>
  scheme.tls13 && scheme.key === key.kind && (key.kind !== 'ec' || key.curve === scheme.curve) && hasRoom(scheme, key);

const HASH_BYTES: Readonly<Partial<Record<HashName, number>>> = { sha256: 32, sha384: 48, sha512: 64 };

/** RFC 8017, 9.1.1: an RSA key has to hold hash, salt and two bytes more, which the shortest keys do not with the longest hash. */
export function hasRoom({ algorithm }: SignatureScheme, key: PublicKeySpec): boolean {
  if (algorithm.kind !== 'rsa-pss' || !('n' in key)) return true;
  return key.n.length >= (HASH_BYTES[algorithm.hash] ?? 0) + algorithm.saltLength + 2;
}

/** Checks the peer's proof that it holds its certificate's key (RFC 9846, 4.4.3). `offered`: the schemes we said we would accept. */
export function* checkCertificateVerify(
  connection: Connection,
  key: PublicKeySpec,
  offered: readonly SignatureScheme[],
  transcriptHash: Uint8Array,
  received: { readonly algorithm: number; readonly signature: Uint8Array },
): Step<Proof<'signature'>> {
  const scheme = signatureScheme(received.algorithm);
  // RFC 9846, 4.4.3: the scheme MUST be one we offered, and one for TLS 1.3 and for this key.
  if (scheme === undefined || !offered.includes(scheme) || !fits(scheme, key)) {
    return fatal('illegal_parameter', 'WRONG_SIGNATURE_TYPE', signatureSchemeName(received.algorithm));
  }
  if (!allowed(connection, 'peer key', keyBits(key), key)) fatal('handshake_failure', 'EE_KEY_TOO_SMALL');
  const signer = connection.isServer ? 'client' : 'server';
  const imported = importKey(connection, key);
  const holds = yield* settle(imported.verify(scheme.algorithm, signedContent(signer, transcriptHash), received.signature));
  if (!holds) fatal('decrypt_error', 'BAD_SIGNATURE');
  connection.peerSignatureScheme = scheme.id;
  // This is where the proof is made: the check above is what it stands for.
  return {} as Proof<'signature'>;
}

function importKey(connection: Connection, key: PublicKeySpec): ReturnType<Connection['provider']['importPublicKey']> {
  try {
    return connection.provider.importPublicKey(key);
  } catch {
    return fatal('bad_certificate', 'UNABLE_TO_FIND_PUBLIC_KEY_PARAMETERS');
  }
}
