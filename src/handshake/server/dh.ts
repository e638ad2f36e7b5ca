import { type DhGroup, isFfdhe } from '../../crypto/ffdhe.ts';
import { stripZeros } from '../../crypto/numbers.ts';
import { namedGroup } from '../../registry/groups.ts';
import { dhStrength } from '../common/key-exchange12.ts';
import { allowed, groups } from '../common/policy.ts';
import type { Connection } from '../connection.ts';

/**
 * The finite-field group of a DHE handshake (SSL_set_tmp_dh(3)): the one that was configured, the one that a callback
 * gives, or, with dh_auto, one of RFC 7919: what the client named, and for a client that named none our first. A client
 * that names groups but none of ours gets no DHE (RFC 7919, 4). A group is a code point, or a prime and a generator.
 */
export function chooseDhGroup(
  connection: Connection,
  theirs: readonly number[] | undefined,
  keyBits: number,
): number | DhGroup | undefined {
  const configured = connection.get('tmpDh') ?? connection.get('tmpDhCallback')?.(connection.owner.handle, false, Math.max(1024, keyBits));
  if (configured !== undefined) return isStrong(connection, configured) ? configured : undefined;
  if (connection.get('dhAuto') === 0) return undefined;
  const own = groups(connection).filter((id) => isFfdhe(namedGroup(id)?.name ?? ''));
  const named = theirs?.filter((id) => id >= 0x100 && id <= 0x1ff) ?? [];
  return named.length === 0 ? own[0] : own.find((id) => named.includes(id));
}

const isStrong = (connection: Connection, group: DhGroup): boolean =>
  allowed(connection, 'group', dhStrength(8 * stripZeros(group.prime).length), group);
