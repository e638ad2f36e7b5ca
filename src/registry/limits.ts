/** A bound on what a peer may make us spend: its value, unit, and why it is there. */
export interface Limit {
  readonly value: number;
  readonly unit: string;
  readonly reason: string;
}

/** Every limit that a peer can run into, in one place; SECURITY.md's table is made from this one. */
export const LIMITS = {
  plaintext: { value: 16_384, unit: 'bytes in a record', reason: 'RFC 9846, 5.1: 2^14 bytes; more is record_overflow' },
  ciphertextExpansion: { value: 256, unit: 'bytes over the plaintext limit', reason: 'RFC 9846, 5.2: more is record_overflow' },
  tls12Expansion: {
    value: 2048,
    unit: 'bytes over the plaintext limit in TLS 1.2 and below',
    reason: 'RFC 5246, 6.2.3: more is record_overflow',
  },
  emptyRecords: { value: 32, unit: 'records in a row without a plaintext byte', reason: 'they cost work and move nothing' },
  changeCipherSpecRecords: {
    value: 2,
    unit: 'compatibility records in a TLS 1.3 handshake',
    reason: 'one per peer flight is all RFC 9846, D.4 needs',
  },
  warningAlerts: { value: 4, unit: 'warning alerts in a row', reason: 'the SSL Death Alert flood' },
  postHandshakeMessages: { value: 32, unit: 'messages in a row without application data', reason: 'KeyUpdate and ticket floods' },
  clientHello: { value: 65_536, unit: 'bytes', reason: 'larger than any honest one, ECH and post-quantum shares included' },
  serverHello: { value: 20_000, unit: 'bytes', reason: 'the same, for ServerHello and HelloRetryRequest' },
  encryptedExtensions: { value: 20_000, unit: 'bytes', reason: 'the same' },
  certificateList: { value: 102_400, unit: 'bytes', reason: "OpenSSL's max_cert_list default; settable" },
  certificateRequest: { value: 65_540, unit: 'bytes', reason: 'a context and one block of extensions' },
  heldRecords: {
    value: 16,
    unit: 'records of application data during a renegotiation',
    reason: 'they are kept in memory until it is over',
  },
  droppedBytes: {
    value: 65_536,
    unit: 'bytes that arrive on a socket behind a failure of ours',
    reason: 'they are read and dropped for a second, so that no reset overtakes the alert',
  },
  renegotiations: {
    value: 3,
    unit: 'renegotiations in 600 seconds that a peer begins',
    reason: 'each costs a handshake; the value is that of node:tls',
  },
  keyExchange: {
    value: 16_384,
    unit: 'bytes',
    reason: 'ServerKeyExchange and ClientKeyExchange of TLS 1.2; ffdhe8192 with a signature takes under 4,000',
  },
  dhPrimeBits: { value: 8192, unit: 'bits of a TLS 1.2 server’s Diffie-Hellman prime', reason: 'a larger one costs the client seconds' },
  quicFlight: {
    value: 16_384,
    unit: 'bytes of one encryption level over QUIC',
    reason: 'RFC 9000, 7.5 wants 4,096 at least; as BoringSSL. Certificates count extra',
  },
  certificateVerify: { value: 16_384, unit: 'bytes', reason: 'room for any signature, post-quantum ones included' },
  finished: { value: 64, unit: 'bytes', reason: 'the longest hash' },
  keyUpdate: { value: 1, unit: 'bytes', reason: 'RFC 9846, 4.6.3' },
  newSessionTicket: { value: 65_800, unit: 'bytes', reason: 'the longest ticket, nonce and one block of extensions' },
  ticketsKept: { value: 16, unit: 'tickets of one connection', reason: 'a server may send them without end' },
  ticketsSent: { value: 16, unit: 'tickets in one handshake', reason: 'each costs a sealing; settable up to here' },
  pskIdentitiesExamined: { value: 5, unit: 'identities of one ClientHello', reason: 'each costs a lookup or a decryption; settable' },
  pskIdentity: { value: 256, unit: 'bytes of an external identity', reason: "OpenSSL's PSK_MAX_IDENTITY_LEN" },
  pskKey: { value: 512, unit: 'bytes of an external key', reason: "OpenSSL's PSK_MAX_PSK_LEN" },
  certificateAuthorities: { value: 20_000, unit: 'bytes of names', reason: 'more helps nobody choose a certificate' },
  sessionLifetime: { value: 604_800, unit: 'seconds', reason: 'RFC 9846, 4.6.1: seven days' },
  sessionCache: { value: 20_480, unit: 'sessions', reason: "OpenSSL's SSL_SESSION_CACHE_MAX_SIZE_DEFAULT; the oldest goes" },
  ticketKeyAge: {
    value: 86_400,
    unit: 'seconds a ticket key seals',
    reason: 'a stolen key opens one day of tickets; it opens them for one more day',
  },
  ticketAgeSkew: { value: 10, unit: 'seconds', reason: 'a replayed 0-RTT ClientHello that comes later is refused (RFC 9846, 8.3)' },
  earlyDataSkipped: { value: 16_384, unit: 'bytes of refused early data', reason: "OpenSSL's recv_max_early_data default; settable" },
  retryCookieAge: { value: 60, unit: 'seconds', reason: 'a HelloRetryRequest cookie proves an address now, not for ever' },
  alpnName: { value: 255, unit: 'bytes', reason: 'RFC 7301, 3.1' },
  serverName: { value: 255, unit: 'bytes', reason: 'the longest DNS name' },
  echConfigs: { value: 64, unit: 'ECHConfigs in one list', reason: 'far more than a server publishes' },
  echTrials: {
    value: 16,
    unit: 'ECH keys tried on one ClientHello',
    reason: 'RFC 9849, 4.1: their ids should differ; each trial costs a key agreement',
  },
  extensions: { value: 100, unit: 'extensions in one message', reason: 'far more than there are' },
  verifySignatures: {
    value: 100,
    unit: 'signature checks for one chain',
    reason: 'as Go and webpki; each takes up to a millisecond. Reaching it is a verification result, and final',
  },
  verifyCandidates: {
    value: 2_000,
    unit: 'issuer candidates looked at for one chain',
    reason: 'cross-signed meshes grow exponentially. Reaching it is a verification result, and final',
  },
  verifyNameComparisons: {
    value: 65_536,
    unit: 'names compared with constraints for one chain',
    reason: 'names times constraints, both from the peer. Reaching it is a verification result, and final',
  },
  verifyPolicyNodes: {
    value: 1_000,
    unit: 'nodes of the policy graph of one chain',
    reason: 'mappings multiply policies. Reaching it is a verification result, and final',
  },
  derDepth: { value: 32, unit: 'levels of DER', reason: 'deeper than any certificate, CRL or response; more is malformed' },
  oidBytes: { value: 128, unit: 'bytes of an object identifier', reason: 'arcs are computed as big integers; more is malformed' },
  certificateExtensions: {
    value: 100,
    unit: 'extensions of a certificate, CRL or response',
    reason: 'far more than there are; more is malformed',
  },
  generalNames: {
    value: 10_000,
    unit: 'names of a certificate in one list',
    reason: 'each is compared with constraints; more is malformed',
  },
  certificateTimestamps: {
    value: 32,
    unit: 'certificate timestamps of one source',
    reason: 'each costs a signature check; the others are passed over',
  },
} as const;
