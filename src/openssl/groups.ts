/** Groups of key agreement by OpenSSL's numbers and names (SSL_CTX_set1_groups(3)). */
import type { TmpDhCallback } from '../config/callbacks.ts';
import type { DhGroup } from '../crypto/ffdhe.ts';
import { refuse } from '../registry/fatal.ts';
import { namedGroup } from '../registry/groups.ts';
import { wrap } from './callbacks.ts';
import * as c from './constants.ts';
import { attempt } from './errors.ts';
import { groupId, groupNid } from './group-numbers.ts';
import { asInt, type Holder, put } from './settings.ts';
import { alive } from './state.ts';
import type { SSL, SSL_CTX } from './types.ts';

const setGroups = (func: string, holder: Holder, nids: readonly number[]): number =>
  attempt(func, 0, () => put(func, holder, 'groups', nids.map(groupId)));

export const SSL_CTX_set1_groups = (ctx: SSL_CTX, nids: readonly number[]): number => setGroups('SSL_CTX_set1_groups', ctx, nids);
export const SSL_set1_groups = (ssl: SSL, nids: readonly number[]): number => setGroups('SSL_set1_groups', ssl, nids);
/** Names joined by colons: `X25519:P-256:ffdhe2048`. */
export const SSL_CTX_set1_groups_list = (ctx: SSL_CTX, list: string): number => put('SSL_CTX_set1_groups_list', ctx, 'groups', list);
export const SSL_set1_groups_list = (ssl: SSL, list: string): number => put('SSL_set1_groups_list', ssl, 'groups', list);
export const SSL_CTX_set1_curves: (ctx: SSL_CTX, nids: readonly number[]) => number = SSL_CTX_set1_groups;
export const SSL_set1_curves: (ssl: SSL, nids: readonly number[]) => number = SSL_set1_groups;
export const SSL_CTX_set1_curves_list: (ctx: SSL_CTX, list: string) => number = SSL_CTX_set1_groups_list;
export const SSL_set1_curves_list: (ssl: SSL, list: string) => number = SSL_set1_groups_list;

/** BoringSSL's: code points of groups that the server is known to take. A client sends it a share for its own first among them. */
export const SSL_set1_server_supported_groups_hint = (ssl: SSL, group_ids: readonly number[]): number =>
  put('SSL_set1_server_supported_groups_hint', ssl, 'serverGroupsHint', group_ids);

/** On a server: the groups of the client, in its order. Empty before there is a ClientHello. */
export const SSL_get1_groups = (ssl: SSL): number[] => (alive(ssl).connection?.peerGroups ?? []).map(groupNid);
export const SSL_get1_curves: (ssl: SSL) => number[] = SSL_get1_groups;

/** On a server: the `n`th group that both sides have; their count for -1, and 0 past the end. */
export function SSL_get_shared_group(ssl: SSL, n: number): number {
  const theirs = alive(ssl).connection?.peerGroups ?? [];
  const shared = ssl.get('groups').filter((id) => theirs.includes(id));
  if (n === -1) return shared.length;
  const id = shared[n];
  return id === undefined ? c.NID_undef : groupNid(id);
}
export const SSL_get_shared_curve: (ssl: SSL, n: number) => number = SSL_get_shared_group;

/** What is known of an ephemeral key: its group. The key itself is gone when the handshake is over. */
export interface EphemeralGroup {
  readonly name: string;
  readonly nid: number;
  readonly bits: number;
}

const BITS: ReadonlyMap<string, number> = new Map([
  ['x25519', 253],
  ['x448', 448],
]);

/** The group the secret was agreed on in; null where there was none. */
export function SSL_get_peer_tmp_key(ssl: SSL): EphemeralGroup | null {
  const group = namedGroup(alive(ssl).connection?.group ?? 0);
  if (group === undefined) return null;
  const { id, name } = group;
  return { name, nid: groupNid(id), bits: BITS.get(name) ?? Number(name.replace(/^\D+|r1$/g, '').replace(/\D.*$/, '')) };
}
export const SSL_get_tmp_key: (ssl: SSL) => EphemeralGroup | null = SSL_get_peer_tmp_key;
export const SSL_get_server_tmp_key: (ssl: SSL) => EphemeralGroup | null = SSL_get_peer_tmp_key;

// ---- DHE of TLS 1.2 and below

/** A prime and a generator, big-endian: what PEM_read_bio_DHparams gives. */
export type DH = DhGroup;

const setDh = (func: string, holder: Holder, dh: DH | null): number =>
  attempt(func, 0, () => put(func, holder, 'tmpDh', dh ?? refuse('PASSED_NULL_PARAMETER')));

export const SSL_CTX_set_tmp_dh = (ctx: SSL_CTX, dh: DH | null): number => setDh('SSL_CTX_set_tmp_dh', ctx, dh);
export const SSL_set_tmp_dh = (ssl: SSL, dh: DH | null): number => setDh('SSL_set_tmp_dh', ssl, dh);

/** A group for a certificate key of so many bits; null for no DHE. */
export type tmp_dh_cb = (ssl: SSL, is_export: number, keylength: number) => DH | null;

const dhCallback = (cb: tmp_dh_cb | null): TmpDhCallback | undefined =>
  cb === null
    ? undefined
    : wrap(cb, null, (ssl: SSL, isExport: boolean, keyLength: number) => cb(ssl, asInt(isExport), keyLength) ?? undefined);

export const SSL_CTX_set_tmp_dh_callback = (ctx: SSL_CTX, cb: tmp_dh_cb | null): void => void ctx.set('tmpDhCallback', dhCallback(cb));
export const SSL_set_tmp_dh_callback = (ssl: SSL, cb: tmp_dh_cb | null): void => void ssl.set('tmpDhCallback', dhCallback(cb));

/** 0: no DHE unless a group was given; anything else: a group of RFC 7919. */
export const SSL_CTX_set_dh_auto = (ctx: SSL_CTX, onoff: number): number => put('SSL_CTX_set_dh_auto', ctx, 'dhAuto', onoff);
export const SSL_set_dh_auto = (ssl: SSL, onoff: number): number => put('SSL_set_dh_auto', ssl, 'dhAuto', onoff);

// ---- the curve of TLS 1.2 as 1.0 had it set

/** A curve by its number; a key on it is made for each handshake. */
export interface EC_KEY {
  readonly nid: number;
}

export const EC_KEY_new_by_curve_name = (nid: number): EC_KEY | null =>
  attempt('EC_KEY_new_by_curve_name', null, () => (groupId(nid) > 0 ? { nid } : null));
export const EC_KEY_free = (_key: EC_KEY | null): void => undefined;

const setCurve = (func: string, holder: Holder, ecdh: EC_KEY | null): number =>
  attempt(func, 0, () => put(func, holder, 'groups', [groupId((ecdh ?? refuse('PASSED_NULL_PARAMETER')).nid)]));

/** This curve is the only group from now on. */
export const SSL_CTX_set_tmp_ecdh = (ctx: SSL_CTX, ecdh: EC_KEY | null): number => setCurve('SSL_CTX_set_tmp_ecdh', ctx, ecdh);
export const SSL_set_tmp_ecdh = (ssl: SSL, ecdh: EC_KEY | null): number => setCurve('SSL_set_tmp_ecdh', ssl, ecdh);
/** What the peer said in ec_point_formats; null where it said nothing. */
export const SSL_get0_ec_point_formats = (ssl: SSL): Uint8Array | null => alive(ssl).connection?.peerPointFormats ?? null;
