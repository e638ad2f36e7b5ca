// Families of the runner's tests: the first pattern that fits a name decides.

/** @type {readonly (readonly [string, RegExp])[]} */
const FAMILIES = [
  ['DTLS', /DTLS/],
  ['QUIC', /QUIC(?!TransportParams-NonQUIC)/],
  ['Encrypted ClientHello', /ECH-|ECH$/],
  ['compliance policies', /^Compliance/],
  ['raw public keys', /RawPublicKey|RPK|CertificateType-/],
  ['certificate selection', /^CertificateSelection|SelectedCredential/],
  ['delegated credentials', /DelegatedCredential/],
  ['certificate compression', /CertCompression/],
  ['SPAKE2+, imported PSKs, trust anchors', /^PAKE|^PSK-|PSKImporter|TrustAnchor/],
  ['ALPS, NPN, Channel ID, padding', /ALPS|NPN|ChannelID|ServerPadding|^ALPNServer-Preferred/],
  ['False Start', /FalseStart/],
  ['cipher suites', /^TLS-TLS|^TLS1?\d?-.*WITH|Cipher|CBC|^MinimumVersion-Cipher/],
  ['versions, downgrade', /^VersionNegotiation|^MinimumVersion|Downgrade|SCSV|Version|JDK11|ConflictingVersion/],
  ['key exchange and groups', /Curve|KeyShare|MLKEM|^Point|DHE|HelloRetryRequest|ECDH|RSAClientKeyExchange/],
  ['signature algorithms', /Sign|Verify(?!Fail)|Ed25519|ECDSA|Digest|Algorithms|PSSKey|RSA-PSS|VerifyPreferences/],
  ['certificates, client authentication', /Cert|ClientAuth|ServerAuth|KeyUsage|RetainOnly|Garbage|Intermediate/],
  ['OCSP and timestamps', /OCSP|SCT|SignedCert/],
  ['early data', /EarlyData/],
  ['sessions, tickets, resumption', /Resum|Ticket|Session|PSK|Renew/],
  ['renegotiation, extended master secret', /Reneg|ExtendedMasterSecret|HelloRequest|EMS/],
  ['ALPN, names, other extensions', /ALPN|ServerName|Extension|GREASE|Permute|SRTP/],
  ['key update, exporters', /KeyUpdate|Export|KeyingMaterial|TLSUnique/],
  ['shutdown, alerts, peek', /Shutdown|Alert|Peek|CloseNotify/],
  [
    'message order and state machine',
    /WrongMessage|TrailingMessage|TrailingData|Skip|Partial|Fragment|ChangeCipherSpec|Basic|Unexpected|Handshake/,
  ],
];

/** @param {string} name */
export const familyOf = (name) => FAMILIES.find(([, pattern]) => pattern.test(name))?.[0] ?? 'records, hellos, everything else';
