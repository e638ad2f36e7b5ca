/** CertificateType (RFC 7250, 7; the IANA registry of TLS certificate types): TLSEXT_cert_type_x509 and TLSEXT_cert_type_rpk. */
export const CERTIFICATE_TYPES = { x509: 0, rpk: 2 } as const;

export type CertificateTypeName = keyof typeof CERTIFICATE_TYPES;
