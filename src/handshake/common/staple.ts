import { fatal } from '../../registry/fatal.ts';
import type { Connection } from '../connection.ts';
import { type Step, settle } from '../step.ts';

/** DER of OCSP responses by the place of their certificate in the chain; undefined: what the credential has. */
export type Staples = readonly (Uint8Array | undefined)[] | undefined;

/** Whether a client asks for OCSP responses: they may carry certificate timestamps, too (SSL_CTX_set_ct_validation_callback(3)). */
export const asksForStaple = (connection: Connection): boolean => connection.get('statusRequest') || judgesTimestamps(connection);

export const asksForTimestamps = (connection: Connection): boolean => connection.get('sctRequest') || judgesTimestamps(connection);

const judgesTimestamps = (connection: Connection): boolean => connection.get('ctValidationCallback') !== undefined;

/** Client: lets the application judge the OCSP response that was stapled, or that none was (SSL_CTX_set_tlsext_status_cb(3)). */
export function* checkStaple(connection: Connection): Step<void> {
  const callback = connection.get('statusCallback');
  if (callback === undefined || !connection.get('statusRequest')) return;
  const verdict = yield* settle(callback(connection.owner.handle));
  if (verdict !== true) fatal('bad_certificate_status_response', 'INVALID_STATUS_RESPONSE');
}

/** Server: the OCSP responses to staple, if the application gives any. */
export function* stapledResponses(connection: Connection): Step<Staples> {
  const callback = connection.get('statusCallback');
  if (callback === undefined) return undefined;
  const response = yield* settle(callback(connection.owner.handle));
  if (response === false) fatal('internal_error', 'OCSP_CALLBACK_FAILURE');
  if (response instanceof Uint8Array) return [response];
  return typeof response === 'object' ? response : undefined;
}
