import { fatal } from '../../registry/fatal.ts';
import type { Connection } from '../connection.ts';
import { type Step, settle } from '../step.ts';

/** Client: lets the application judge the OCSP response that was stapled, or that none was (SSL_CTX_set_tlsext_status_cb(3)). */
export function* checkStaple(connection: Connection): Step<void> {
  const callback = connection.get('statusCallback');
  if (callback === undefined || !connection.get('statusRequest')) return;
  const verdict = yield* settle(callback(connection.owner.handle));
  if (verdict !== true) fatal('bad_certificate_status_response', 'INVALID_STATUS_RESPONSE');
}

/** Server: the OCSP response to staple, if the application gives one. */
export function* stapledResponse(connection: Connection): Step<Uint8Array | undefined> {
  const callback = connection.get('statusCallback');
  if (callback === undefined) return undefined;
  const response = yield* settle(callback(connection.owner.handle));
  return response instanceof Uint8Array ? response : undefined;
}
