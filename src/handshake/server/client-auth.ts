/** Client authentication as a server asks for it: in the handshake, and after it (RFC 9846, 4.3.2, 4.4 and 4.6.2). */
import { certificateAuthorities } from '../../extensions/certificate-authorities.ts';
import { encode } from '../../extensions/extension.ts';
import { signatureAlgorithms, signatureAlgorithmsCert } from '../../extensions/id-lists.ts';
import { fatal } from '../../registry/fatal.ts';
import { VERIFY } from '../../registry/options.ts';
import type { RawExtension } from '../../wire/message.ts';
import { type CertificateMessage, type CertificateRequest, certificateRequest, certificateVerify } from '../../wire/tls13-messages.ts';
import { readCertificate } from '../common/certificate.ts';
import { certificateForms, offeredCompression, readCertificateMessage } from '../common/certificate-compression.ts';
import { checkCertificateVerify } from '../common/certificate-verify.ts';
import { customExtensionsFor, EXT } from '../common/custom-extensions.ts';
import { schemes, verifyMode, verifySchemes } from '../common/policy.ts';
import { demandKeyUsage, verifyPeer, waivedOrVerified } from '../common/verify-peer.ts';
import type { Connection } from '../connection.ts';
import type { Handshake } from '../handshake.ts';
import { receive } from '../io.ts';
import type { Proof, Step } from '../step.ts';

/** What a digest can be taken of and messages added to: a handshake's transcript, or a fork of it later. */
export interface Running {
  add(raw: Uint8Array): void;
  digest(): Uint8Array;
}

/** The CertificateRequest that a connection's settings make. */
export function certificateRequestOf(connection: Connection, context: Uint8Array): CertificateRequest {
  const extensions: RawExtension[] = [
    encode(
      signatureAlgorithms,
      'CR',
      verifySchemes(connection).map(({ id }) => id),
    ),
  ];
  const forCertificates = connection.get('sigalgsCert');
  if (forCertificates !== undefined)
    extensions.push(
      encode(
        signatureAlgorithmsCert,
        'CR',
        schemes(connection, forCertificates).map(({ id }) => id),
      ),
    );
  const authorities = connection.get('clientCaList') ?? connection.get('caList') ?? [];
  if (authorities.length > 0) extensions.push(encode(certificateAuthorities, 'CR', authorities));
  extensions.push(...offeredCompression(connection, 'CR'));
  extensions.push(...customExtensionsFor(connection, EXT.TLS1_3_CERTIFICATE_REQUEST, undefined));
  return { context, extensions };
}

export function requestCertificate(handshake: Handshake, context: Uint8Array): void {
  handshake.send(certificateRequest, certificateRequestOf(handshake.connection, context));
}

/** The client's certificate and proof; without one the verify mode decides (SSL_CTX_set_verify(3)). */
export function* readClientCertificate(handshake: Handshake, context: Uint8Array, transcript: Running): Step<Proof<'identity'>> {
  const { connection } = handshake;
  const message = yield* receive(connection.io, undefined, ...certificateForms(connection));
  transcript.add(message.raw);
  return yield* judgeClientCertificate(handshake, context, transcript, readCertificateMessage(connection, message.raw));
}

/** The same from a Certificate that was received already and is part of the transcript. */
export function* judgeClientCertificate(
  handshake: Handshake,
  context: Uint8Array,
  transcript: Running,
  message: CertificateMessage,
): Step<Proof<'identity'>> {
  const { connection } = handshake;
  const asked = new Set(certificateRequestOf(connection, context).extensions.map(({ type }) => type));
  const { chain, key } = readCertificate(connection, message, context, asked);
  if (key === undefined) {
    connection.verifyResult = 'OK';
    // RFC 9846, 4.4.2.4: certificate_required, where the server insists.
    if ((verifyMode(connection) & VERIFY.FAIL_IF_NO_PEER_CERT) !== 0) fatal('certificate_required', 'PEER_DID_NOT_RETURN_A_CERTIFICATE');
    return waivedOrVerified();
  }
  demandKeyUsage(chain, 'digitalSignature');
  const signed = transcript.digest();
  const proof = yield* receive(connection.io, undefined, certificateVerify);
  transcript.add(proof.raw);
  yield* checkCertificateVerify(connection, key, verifySchemes(connection), signed, proof.value);
  return yield* verifyPeer(connection, chain);
}
