import type { AgreementName, KemName } from '../crypto/provider.ts';

/** A primitive that a group is made of. */
export type GroupPart = AgreementName | KemName;

/** A row of IANA's TLS Supported Groups registry. */
export interface NamedGroup {
  readonly id: number;
  /** The registry's spelling. */
  readonly name: string;
  /** Further spellings that OpenSSL takes in lists of groups. */
  readonly aliases: readonly string[];
  readonly kind: 'ec' | 'ffdhe' | 'kem' | 'hybrid';
  /** In the order in which their shares and their secrets are joined. */
  readonly parts: readonly GroupPart[];
  /** Bytes of a key share in the client's and in the server's hello. */
  readonly clientShareLength: number;
  readonly serverShareLength: number;
  /** What OpenSSL's security levels count. */
  readonly securityBits: number;
  /** Whether TLS 1.2 may negotiate it too (RFC 8422, RFC 7919); ML-KEM, alone or in a hybrid, is for TLS 1.3 only. */
  readonly tls12: boolean;
}

/** Bytes that the client and the server send for a part: a public value each, or an encapsulation key and a ciphertext. */
export const PART_LENGTHS: Readonly<Record<GroupPart, { readonly client: number; readonly server: number }>> = {
  x25519: { client: 32, server: 32 },
  x448: { client: 56, server: 56 },
  'P-256': { client: 65, server: 65 },
  'P-384': { client: 97, server: 97 },
  'P-521': { client: 133, server: 133 },
  ffdhe2048: { client: 256, server: 256 },
  ffdhe3072: { client: 384, server: 384 },
  ffdhe4096: { client: 512, server: 512 },
  ffdhe6144: { client: 768, server: 768 },
  ffdhe8192: { client: 1024, server: 1024 },
  'ML-KEM-768': { client: 1184, server: 1088 },
  'ML-KEM-1024': { client: 1568, server: 1568 },
};

type Row = readonly [
  id: number,
  name: string,
  aliases: readonly string[],
  kind: NamedGroup['kind'],
  parts: readonly GroupPart[],
  securityBits: number,
];

/** RFC 8422, 5.1.1; RFC 7919, 2; RFC 9846, 4.2.7; RFC 10024 for the hybrids: X25519MLKEM768 alone has its ML-KEM part first; draft-ietf-tls-mlkem for ML-KEM alone. */
const ROWS: readonly Row[] = [
  [0x0017, 'secp256r1', ['P-256', 'prime256v1'], 'ec', ['P-256'], 128],
  [0x0018, 'secp384r1', ['P-384'], 'ec', ['P-384'], 192],
  [0x0019, 'secp521r1', ['P-521'], 'ec', ['P-521'], 256],
  [0x001d, 'x25519', [], 'ec', ['x25519'], 128],
  [0x001e, 'x448', [], 'ec', ['x448'], 224],
  [0x0100, 'ffdhe2048', [], 'ffdhe', ['ffdhe2048'], 112],
  [0x0101, 'ffdhe3072', [], 'ffdhe', ['ffdhe3072'], 128],
  [0x0102, 'ffdhe4096', [], 'ffdhe', ['ffdhe4096'], 128],
  [0x0103, 'ffdhe6144', [], 'ffdhe', ['ffdhe6144'], 128],
  [0x0104, 'ffdhe8192', [], 'ffdhe', ['ffdhe8192'], 192],
  [0x0201, 'MLKEM768', [], 'kem', ['ML-KEM-768'], 192],
  [0x0202, 'MLKEM1024', [], 'kem', ['ML-KEM-1024'], 256],
  [0x11eb, 'SecP256r1MLKEM768', [], 'hybrid', ['P-256', 'ML-KEM-768'], 192],
  [0x11ec, 'X25519MLKEM768', [], 'hybrid', ['ML-KEM-768', 'x25519'], 192],
  [0x11ed, 'SecP384r1MLKEM1024', [], 'hybrid', ['P-384', 'ML-KEM-1024'], 256],
];

export const NAMED_GROUPS: readonly NamedGroup[] = ROWS.map(([id, name, aliases, kind, parts, securityBits]) => ({
  id,
  name,
  aliases,
  kind,
  parts,
  clientShareLength: parts.reduce((sum, part) => sum + PART_LENGTHS[part].client, 0),
  serverShareLength: parts.reduce((sum, part) => sum + PART_LENGTHS[part].server, 0),
  securityBits,
  tls12: kind === 'ec' || kind === 'ffdhe',
}));

/**
 * Offered and accepted unless a list is set: hybrid first, then by cost. The two other hybrids and ML-KEM alone answer
 * rules few have, and the large finite-field groups cost tens of milliseconds, so both wait to be asked for.
 */
export const DEFAULT_GROUPS: readonly number[] = [0x11ec, 0x001d, 0x0017, 0x001e, 0x0018, 0x0019, 0x0100, 0x0101];

const BY_ID: ReadonlyMap<number, NamedGroup> = new Map(NAMED_GROUPS.map((group) => [group.id, group]));

const BY_NAME: ReadonlyMap<string, NamedGroup> = new Map(
  NAMED_GROUPS.flatMap((group) => [group.name, ...group.aliases].map((name): [string, NamedGroup] => [name.toLowerCase(), group])),
);

export const namedGroup = (id: number): NamedGroup | undefined => BY_ID.get(id);

/** A group by any of its names, in whatever case. */
export const groupByName = (name: string): NamedGroup | undefined => BY_NAME.get(name.toLowerCase());

/** The registry's name of a code point, or `group 0x…` for one that is not known here. */
export const groupName = (id: number): string => BY_ID.get(id)?.name ?? `group 0x${id.toString(16).padStart(4, '0')}`;
