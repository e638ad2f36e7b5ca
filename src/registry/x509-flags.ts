/** Numbers of certificate verification as OpenSSL's x509_vfy.h and x509v3.h have them. */

export const X509_V_FLAG = {
  USE_CHECK_TIME: 0x2,
  CRL_CHECK: 0x4,
  CRL_CHECK_ALL: 0x8,
  IGNORE_CRITICAL: 0x10,
  X509_STRICT: 0x20,
  ALLOW_PROXY_CERTS: 0x40,
  POLICY_CHECK: 0x80,
  EXPLICIT_POLICY: 0x100,
  INHIBIT_ANY: 0x200,
  INHIBIT_MAP: 0x400,
  NOTIFY_POLICY: 0x800,
  EXTENDED_CRL_SUPPORT: 0x1000,
  USE_DELTAS: 0x2000,
  CHECK_SS_SIGNATURE: 0x4000,
  TRUSTED_FIRST: 0x8000,
  SUITEB_128_LOS_ONLY: 0x1_0000,
  SUITEB_192_LOS: 0x2_0000,
  SUITEB_128_LOS: 0x3_0000,
  PARTIAL_CHAIN: 0x8_0000,
  NO_ALT_CHAINS: 0x10_0000,
  NO_CHECK_TIME: 0x20_0000,
} as const;

/** Any of these asks for policy checking (X509_V_FLAG_POLICY_MASK). */
export const X509_V_FLAG_POLICY_MASK: number =
  X509_V_FLAG.POLICY_CHECK | X509_V_FLAG.EXPLICIT_POLICY | X509_V_FLAG.INHIBIT_ANY | X509_V_FLAG.INHIBIT_MAP;

/** How values pass from one set of verification parameters to another. */
export const X509_VP_FLAG = { DEFAULT: 0x1, OVERWRITE: 0x2, RESET_FLAGS: 0x4, LOCKED: 0x8, ONCE: 0x10 } as const;

/** How names are matched. */
export const X509_CHECK_FLAG = {
  ALWAYS_CHECK_SUBJECT: 0x1,
  NO_WILDCARDS: 0x2,
  NO_PARTIAL_WILDCARDS: 0x4,
  MULTI_LABEL_WILDCARDS: 0x8,
  SINGLE_LABEL_SUBDOMAINS: 0x10,
  NEVER_CHECK_SUBJECT: 0x20,
} as const;

/** Purposes by OpenSSL's short names. */
export const X509_PURPOSE = {
  sslclient: 1,
  sslserver: 2,
  nssslserver: 3,
  smimesign: 4,
  smimeencrypt: 5,
  crlsign: 6,
  any: 7,
  ocsphelper: 8,
  timestampsign: 9,
} as const;

export type PurposeName = keyof typeof X509_PURPOSE;

export const X509_TRUST = {
  DEFAULT: 0,
  COMPAT: 1,
  SSL_CLIENT: 2,
  SSL_SERVER: 3,
  EMAIL: 4,
  OBJECT_SIGN: 5,
  OCSP_SIGN: 6,
  OCSP_REQUEST: 7,
  TSA: 8,
} as const;
