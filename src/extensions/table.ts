import type { RawExtension } from '../wire/message.ts';
import { alpn } from './alpn.ts';
import { certificateAuthorities } from './certificate-authorities.ts';
import { signedCertificateTimestamp, statusRequest } from './certificate-status.ts';
import { clientCertificateType, serverCertificateType } from './certificate-type.ts';
import { compressCertificate } from './compress-certificate.ts';
import { cookie } from './cookie.ts';
import { delegatedCredential } from './delegated-credential.ts';
import { earlyData } from './early-data.ts';
import { echOuterExtensions, encryptedClientHello } from './encrypted-client-hello.ts';
import { type AnyExtension, ExtensionBlock, type Place } from './extension.ts';
import { signatureAlgorithms, signatureAlgorithmsCert, supportedGroups } from './id-lists.ts';
import { keyShare } from './key-share.ts';
import { postHandshakeAuth } from './post-handshake-auth.ts';
import { preSharedKey, pskKeyExchangeModes } from './pre-shared-key.ts';
import { quicTransportParameters, quicTransportParametersLegacy } from './quic-transport-parameters.ts';
import { maxFragmentLength, recordSizeLimit } from './record-size.ts';
import { serverName } from './server-name.ts';
import { supportedVersions } from './supported-versions.ts';
import { ecPointFormats, encryptThenMac, extendedMasterSecret, renegotiationInfo, sessionTicket } from './tls12.ts';

/** Every extension this library understands. A type that is not here is handed to custom extensions, or ignored. */
export const EXTENSIONS: readonly AnyExtension[] = [
  serverName,
  maxFragmentLength,
  statusRequest,
  supportedGroups,
  ecPointFormats,
  signatureAlgorithms,
  alpn,
  signedCertificateTimestamp,
  clientCertificateType,
  serverCertificateType,
  encryptThenMac,
  extendedMasterSecret,
  compressCertificate,
  recordSizeLimit,
  delegatedCredential,
  sessionTicket,
  preSharedKey,
  earlyData,
  supportedVersions,
  cookie,
  pskKeyExchangeModes,
  certificateAuthorities,
  postHandshakeAuth,
  signatureAlgorithmsCert,
  keyShare,
  encryptedClientHello,
  echOuterExtensions,
  quicTransportParameters,
  renegotiationInfo,
  quicTransportParametersLegacy,
];

const BY_ID: ReadonlyMap<number, AnyExtension> = new Map(EXTENSIONS.map((def) => [def.id, def]));

/** Checks and decodes the extensions of one message. */
export const readBlock = <P extends Place>(place: P, raw: readonly RawExtension[]): ExtensionBlock<P> =>
  new ExtensionBlock(place, raw, BY_ID);

/** The RFC's name of an extension, or its number. */
export const extensionName = (id: number): string => BY_ID.get(id)?.name ?? `extension ${id}`;

/** Whether the library itself speaks for an extension type, so that a custom one may not (SSL_extension_supported(3)). */
export const isBuiltIn = (id: number): boolean => BY_ID.has(id);
