import type { Writable } from 'node:stream';
import type { VerifyCallback } from '../config/callbacks.ts';
import { VERIFY_TEXTS } from '../registry/verify-texts.ts';
import { nameLine, timeText } from './names.ts';

export interface VerifyOutput {
  /** Whether a problem ends the connection. */
  readonly returnError: boolean;
  readonly quiet: boolean;
  /** Most intermediates; undefined: as many as verification allows. */
  readonly depth: number | undefined;
}

/** What is printed of policies where one was required and none is left. */
export const NO_POLICIES = 'Require explicit Policy: True\nAuthority Policies: <empty>\nUser Policies: <empty>\n';

/** Says what verification finds, certificate by certificate, as OpenSSL's commands do. */
export function verifyOutput(errors: Writable, { returnError, quiet, depth }: VerifyOutput): VerifyCallback {
  return (ok, context) => {
    const { certificate } = context;
    if (!ok || !quiet)
      errors.write(
        certificate === undefined ? `depth=${context.depth} <no cert>\n` : `depth=${context.depth} ${nameLine(certificate.subject)}\n`,
      );
    let accepted = ok;
    if (!ok) {
      errors.write(`verify error:num=${context.resultCode}:${VERIFY_TEXTS[context.result]}\n`);
      if (depth === undefined || depth >= context.depth) accepted = !returnError;
      else context.result = 'CERT_CHAIN_TOO_LONG';
    }
    if (certificate !== undefined && !ok) {
      if (context.result === 'UNABLE_TO_GET_ISSUER_CERT') errors.write(`issuer= ${nameLine(certificate.issuer)}\n`);
      if (context.result === 'CERT_NOT_YET_VALID') errors.write(`notBefore=${timeText(certificate.notBefore)}\n`);
      if (context.result === 'CERT_HAS_EXPIRED') errors.write(`notAfter=${timeText(certificate.notAfter)}\n`);
    }
    if (context.result === 'NO_EXPLICIT_POLICY' && !ok && !quiet) errors.write(NO_POLICIES);
    if (accepted && !quiet) errors.write('verify return:1\n');
    return accepted;
  };
}
