import { namedGroup } from '../../registry/groups.ts';
import { groups } from '../common/policy.ts';
import type { Connection } from '../connection.ts';

/**
 * The finite-field group of a DHE handshake: one of RFC 7919 that the client named, or for a client that named none
 * ffdhe2048, which every client can do. A client that names groups but none of ours gets no DHE (RFC 7919, 4).
 */
export function chooseDhGroup(connection: Connection, theirs: readonly number[] | undefined): number | undefined {
  const own = groups(connection).filter((id) => namedGroup(id)?.kind === 'ffdhe');
  const named = theirs?.filter((id) => id >= 0x100 && id <= 0x1ff) ?? [];
  return named.length === 0 ? own[0] : own.find((id) => named.includes(id));
}
