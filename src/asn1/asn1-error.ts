/**
 * Bytes that are not what ASN.1, PEM or a certificate format demand. Every parser of `asn1/` and `x509/` throws
 * this and nothing else; the handshake turns it into `bad_certificate` or `decode_error`, a file reader into a
 * refusal of the file.
 */
export class Asn1Error extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = 'Asn1Error';
  }
}

/** Refuses an encoding. */
export function malformed(detail: string): never {
  throw new Asn1Error(detail);
}

/** What `read` returns, or undefined where it refused its bytes; any other failure passes through. */
export function unlessMalformed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Asn1Error) return undefined;
    throw error;
  }
}
