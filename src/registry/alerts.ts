/** Alert descriptions (RFC 9846, 6; RFC 6066, 9; RFC 7301, 3.2; RFC 9849, 11.2). The names are the RFCs'. */
export const ALERTS = {
  close_notify: 0,
  unexpected_message: 10,
  bad_record_mac: 20,
  decryption_failed: 21,
  record_overflow: 22,
  decompression_failure: 30,
  handshake_failure: 40,
  no_certificate: 41,
  bad_certificate: 42,
  unsupported_certificate: 43,
  certificate_revoked: 44,
  certificate_expired: 45,
  certificate_unknown: 46,
  illegal_parameter: 47,
  unknown_ca: 48,
  access_denied: 49,
  decode_error: 50,
  decrypt_error: 51,
  export_restriction: 60,
  protocol_version: 70,
  insufficient_security: 71,
  internal_error: 80,
  inappropriate_fallback: 86,
  user_canceled: 90,
  no_renegotiation: 100,
  missing_extension: 109,
  unsupported_extension: 110,
  certificate_unobtainable: 111,
  unrecognized_name: 112,
  bad_certificate_status_response: 113,
  bad_certificate_hash_value: 114,
  unknown_psk_identity: 115,
  certificate_required: 116,
  no_application_protocol: 120,
  ech_required: 121,
} as const;

export type AlertName = keyof typeof ALERTS;

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(ALERTS).map(([name, code]) => [code, name]));

/** The RFC's name of an alert description, or `alert N` for a code no RFC has given a name. */
export const alertName = (code: number): string => NAMES.get(code) ?? `alert ${code}`;

/** The alert of a code that an application chose, or handshake_failure where there is none. */
export function alertByCode(code: number): AlertName {
  const name = alertName(code);
  return Object.hasOwn(ALERTS, name) ? (name as AlertName) : 'handshake_failure';
}

export const ALERT_LEVEL = { warning: 1, fatal: 2 } as const;
