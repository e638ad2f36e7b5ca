/** Signatures of TLS 1.0–1.2: ServerKeyExchange and CertificateVerify (RFC 5246, 4.7 and 7.4.1.4.1; RFC 4492, 5.4). */
import type { PrivateKey, PublicKeySpec, SignatureAlgorithm } from '../../crypto/provider.ts';
import { fatal } from '../../registry/fatal.ts';
import { type SignatureScheme, signatureScheme, signatureSchemeName } from '../../registry/signature-schemes.ts';
import { TLS1_2_VERSION } from '../../registry/versions.ts';
import type { DigitallySigned } from '../../wire/tls12-messages.ts';
import { keyBits } from '../../x509/strength.ts';
import type { Connection } from '../connection.ts';
import { type Proof, type Step, settle } from '../step.ts';
import { hasRoom } from './certificate-verify.ts';
import { allowed } from './policy.ts';

/** Whether a scheme may sign with a key in TLS 1.2: the curve is free there. */
const fits12 = (scheme: SignatureScheme, key: PublicKeySpec): boolean => scheme.tls12 && scheme.key === key.kind && hasRoom(scheme, key);

/** What a peer that sent no signature_algorithms takes (RFC 5246, 7.4.1.4.1). */
export const IMPLIED_SCHEMES: readonly number[] = [0x0201, 0x0203];

/** Before TLS 1.2 the key alone decides: RSA over MD5 and SHA-1 together, ECDSA over SHA-1. */
function fixedAlgorithm(key: PublicKeySpec): SignatureAlgorithm | undefined {
  if (key.kind === 'rsa') return { kind: 'rsa-pkcs1', hash: 'md5-sha1' };
  return key.kind === 'ec' ? { kind: 'ecdsa', hash: 'sha1' } : undefined;
}

/** The scheme to sign with: the first of `schemes` that fits the key; undefined where none does. Before TLS 1.2 there is none to name. */
export function signingScheme(
  version: number,
  key: PublicKeySpec,
  schemes: readonly SignatureScheme[],
): SignatureScheme | 'fixed' | undefined {
  if (version >= TLS1_2_VERSION) return schemes.find((scheme) => fits12(scheme, key));
  return fixedAlgorithm(key) === undefined ? undefined : 'fixed';
}

export function* sign12(
  connection: Connection,
  key: PrivateKey,
  scheme: SignatureScheme | 'fixed',
  content: Uint8Array,
): Step<DigitallySigned> {
  const algorithm = scheme === 'fixed' ? fixedAlgorithm(key.publicKey) : scheme.algorithm;
  if (algorithm === undefined) return fatal('internal_error', 'UNKNOWN_CERTIFICATE_TYPE');
  const signature = yield* settle(key.sign(algorithm, content));
  connection.ownSignatureScheme = scheme === 'fixed' ? 0 : scheme.id;
  return { algorithm: scheme === 'fixed' ? undefined : scheme.id, signature };
}

/** Checks a signature of the peer over `content` with the key of its certificate. `offered`: the schemes we said we accept. */
export function* verify12(
  connection: Connection,
  key: PublicKeySpec,
  offered: readonly SignatureScheme[],
  content: Uint8Array,
  signed: DigitallySigned,
): Step<Proof<'signature'>> {
  const algorithm = algorithmOf(key, offered, signed);
  if (!allowed(connection, 'peer key', keyBits(key), key)) fatal('handshake_failure', 'EE_KEY_TOO_SMALL');
  const holds = yield* settle(imported(connection, key).verify(algorithm, content, signed.signature));
  if (!holds) fatal('decrypt_error', 'BAD_SIGNATURE');
  connection.peerSignatureScheme = signed.algorithm ?? 0;
  // This is where the proof is made: the check above is what it stands for.
  return {} as Proof<'signature'>;
}

function algorithmOf(key: PublicKeySpec, offered: readonly SignatureScheme[], { algorithm }: DigitallySigned): SignatureAlgorithm {
  if (algorithm === undefined) return fixedAlgorithm(key) ?? fatal('illegal_parameter', 'WRONG_SIGNATURE_TYPE');
  const scheme = signatureScheme(algorithm);
  // RFC 5246, 7.4.3: the algorithm MUST be one that was offered, and fit the key (CVE-2026-25834 was the lack of this).
  if (scheme === undefined || !offered.includes(scheme) || !fits12(scheme, key)) {
    return fatal('illegal_parameter', 'WRONG_SIGNATURE_TYPE', signatureSchemeName(algorithm));
  }
  return scheme.algorithm;
}

function imported(connection: Connection, key: PublicKeySpec): ReturnType<Connection['provider']['importPublicKey']> {
  try {
    return connection.provider.importPublicKey(key);
  } catch {
    return fatal('bad_certificate', 'UNABLE_TO_FIND_PUBLIC_KEY_PARAMETERS');
  }
}
