import type { Proof } from './step.ts';

/**
 * What a handshake has to show before a connection counts as connected: that the peer is who it should be (or that
 * policy waived it), and that its Finished held. Neither can be made but by the check itself.
 */
export interface Established {
  readonly identity: Proof<'identity'>;
  readonly finished: Proof<'finished'>;
}
