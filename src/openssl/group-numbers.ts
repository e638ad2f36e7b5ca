/** OpenSSL's numbers of groups. */
import { refuse } from '../registry/fatal.ts';
import * as c from './constants.ts';

const NIDS: readonly (readonly [id: number, nid: number])[] = [
  [0x0017, c.NID_X9_62_prime256v1],
  [0x0018, c.NID_secp384r1],
  [0x0019, c.NID_secp521r1],
  [0x001d, c.NID_X25519],
  [0x001e, c.NID_X448],
  [0x0100, c.NID_ffdhe2048],
  [0x0101, c.NID_ffdhe3072],
  [0x0102, c.NID_ffdhe4096],
  [0x0103, c.NID_ffdhe6144],
  [0x0104, c.NID_ffdhe8192],
];

const NID_OF: ReadonlyMap<number, number> = new Map(NIDS);
const ID_OF: ReadonlyMap<number, number> = new Map(NIDS.map(([id, nid]) => [nid, id]));

/** The number of a group; for those without one its code point with c.TLSEXT_nid_unknown. */
export const groupNid = (id: number): number => NID_OF.get(id) ?? c.TLSEXT_nid_unknown | id;

export const groupId = (nid: number): number =>
  ID_OF.get(nid) ?? (nid >= c.TLSEXT_nid_unknown ? nid & 0xffff : refuse('BAD_VALUE', `group ${nid}`));
