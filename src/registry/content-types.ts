/** Record content types (RFC 9846, 5.1), and the pseudo types OpenSSL's message callback uses (SSL_set_msg_callback(3)). */
export const CONTENT_TYPE = {
  changeCipherSpec: 20,
  alert: 21,
  handshake: 22,
  applicationData: 23,
  /** SSL3_RT_HEADER: the five bytes before a record. */
  recordHeader: 256,
  /** SSL3_RT_INNER_CONTENT_TYPE: the hidden type of a protected TLS 1.3 record. */
  innerContentType: 257,
  /** BoringSSL's SSL3_RT_CLIENT_HELLO_INNER, on a number of our own: OpenSSL's pseudo types have that one. */
  clientHelloInner: 512,
} as const;

/** Handshake message types (RFC 9846, 4; RFC 5246, 7.4). */
export const HANDSHAKE_TYPE = {
  helloRequest: 0,
  clientHello: 1,
  serverHello: 2,
  newSessionTicket: 4,
  endOfEarlyData: 5,
  encryptedExtensions: 8,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
  certificateUrl: 21,
  certificateStatus: 22,
  keyUpdate: 24,
  compressedCertificate: 25,
  messageHash: 254,
} as const;

const SPOKEN: ReadonlyMap<number, string> = new Map(
  Object.entries(HANDSHAKE_TYPE).map(([name, type]) => [type, name.charAt(0).toUpperCase() + name.slice(1)]),
);

/** The RFC's name of a handshake message: `ClientHello`. */
export const handshakeTypeName = (type: number): string => SPOKEN.get(type) ?? `handshake type ${type}`;
