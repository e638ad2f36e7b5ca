import { type ExtensionDef, FLAG } from './extension.ts';

/** post_handshake_auth: the client will answer a CertificateRequest after the handshake (RFC 9846, 4.2.6). */
export const postHandshakeAuth: ExtensionDef<{ CH: true }> = { id: 49, name: 'post_handshake_auth', spec: 'RFC 9846, 4.2.6', CH: FLAG };
