import { concat, wipe } from '../bytes/bytes.ts';
import { fatal } from '../registry/fatal.ts';
import { type GroupPart, groupName, type NamedGroup, namedGroup, PART_LENGTHS } from '../registry/groups.ts';
import { all, chain } from './awaitable.ts';
import type { AgreementName, Awaitable, CryptoProvider, DecapsulationKey, EphemeralKey, KemName } from './provider.ts';

/**
 * The groups of TLS 1.3 in the style of a KEM: a client offers a share, the server answers with another and has the
 * secret, the client finishes with that. A hybrid group is its parts side by side, shares and secrets joined in the
 * order of the table (RFC 10024). A share of the wrong length, one that a primitive refuses and one that leads to an
 * all-zero secret end the connection with illegal_parameter (RFC 9846, 4.2.8 and 7.4.2).
 */
export interface KeyShare {
  readonly group: number;
  /** What goes into the key_share entry. */
  readonly share: Uint8Array;
  /** The shared secret, from the server's share. May be called once; the private part is gone afterwards. */
  finish(peerShare: Uint8Array): Awaitable<Uint8Array>;
  /** Forgets the private part. Shares that were offered together stay usable until each of them is wiped. */
  wipe(): void;
}

/** A client's share of one group. */
export function offerKeyShare(provider: CryptoProvider, group: number): Awaitable<KeyShare> {
  return offer(provider, known(group), new Map());
}

/**
 * A client's shares of several groups, in their order. Groups with a classical part in common share its key, so
 * that X25519 beside X25519MLKEM768 costs nothing (RFC 10024 allows it within one ClientHello).
 */
export function offerKeyShares(provider: CryptoProvider, groups: readonly number[]): Awaitable<readonly KeyShare[]> {
  const keys: SharedKeys = new Map();
  return all(groups.map((group) => offer(provider, known(group), keys)));
}

/** The server's side: its share and the secret, from the client's share. */
export function answerKeyShare(
  provider: CryptoProvider,
  group: number,
  clientShare: Uint8Array,
): Awaitable<{ readonly share: Uint8Array; readonly secret: Uint8Array }> {
  const row = known(group);
  const parts = split(row, clientShare, 'client');
  return chain(all(row.parts.map((part, i) => answerPart(provider, part, parts[i] as Uint8Array))), (answers) => ({
    share: concat(...answers.map((answer) => answer?.share ?? refused(row))),
    secret: joined(
      row,
      answers.map((answer) => answer?.secret),
    ),
  }));
}

interface Answer {
  readonly share: Uint8Array;
  readonly secret: Uint8Array;
}

function answerPart(provider: CryptoProvider, part: GroupPart, peer: Uint8Array): Awaitable<Answer | undefined> {
  if (isKem(part)) {
    return chain(provider.encapsulate(part, peer), (sent) => sent && { share: sent.ciphertext, secret: sent.secret });
  }
  return chain(provider.ephemeral(part), (key) =>
    chain(key.agree(peer), (secret) => {
      key.wipe();
      return secret && { share: key.publicKey, secret };
    }),
  );
}

/** A classical key that several shares of one hello may hold. */
interface SharedKey {
  readonly key: EphemeralKey;
  holders: number;
}

type SharedKeys = Map<AgreementName, Awaitable<SharedKey>>;

interface PartOffer {
  readonly share: Uint8Array;
  finish(peer: Uint8Array): Awaitable<Uint8Array | undefined>;
  wipe(): void;
}

function offer(provider: CryptoProvider, row: NamedGroup, keys: SharedKeys): Awaitable<KeyShare> {
  const parts = row.parts.map((part) =>
    isKem(part) ? chain(provider.decapsulationKey(part), kemPart) : chain(shared(provider, part, keys), classicalPart),
  );
  return chain(all(parts), (offers) => new OfferedShare(row, offers));
}

function shared(provider: CryptoProvider, name: AgreementName, keys: SharedKeys): Awaitable<SharedKey> {
  const made = keys.get(name) ?? chain(provider.ephemeral(name), (key) => ({ key, holders: 0 }));
  keys.set(name, made);
  return made;
}

const kemPart = (key: DecapsulationKey): PartOffer => ({
  share: key.encapsulationKey,
  finish: (ciphertext) => key.decapsulate(ciphertext),
  wipe: () => key.wipe(),
});

function classicalPart(held: SharedKey): PartOffer {
  held.holders++;
  return {
    share: held.key.publicKey,
    finish: (peer) => held.key.agree(peer),
    wipe() {
      if (--held.holders === 0) held.key.wipe();
    },
  };
}

class OfferedShare implements KeyShare {
  readonly group: number;
  readonly share: Uint8Array;
  private readonly row: NamedGroup;
  private parts: readonly PartOffer[];

  constructor(row: NamedGroup, parts: readonly PartOffer[]) {
    this.group = row.id;
    this.share = concat(...parts.map((part) => part.share));
    this.row = row;
    this.parts = parts;
  }

  finish(peerShare: Uint8Array): Awaitable<Uint8Array> {
    const { row, parts } = this;
    if (parts.length === 0) throw new Error('this key share was finished or wiped before');
    const peers = split(row, peerShare, 'server');
    return chain(all(parts.map((part, i) => part.finish(peers[i] as Uint8Array))), (secrets) => {
      this.wipe();
      return joined(row, secrets);
    });
  }

  wipe(): void {
    for (const part of this.parts) part.wipe();
    this.parts = [];
  }
}

const isKem = (part: GroupPart): part is KemName => part === 'ML-KEM-768' || part === 'ML-KEM-1024';

const known = (group: number): NamedGroup =>
  namedGroup(group) ?? fatal('internal_error', 'INTERNAL_ERROR', `${groupName(group)} is not known`);

const refused = (row: NamedGroup): never => fatal('illegal_parameter', 'BAD_KEY_SHARE', row.name);

function split(row: NamedGroup, share: Uint8Array, sender: 'client' | 'server'): readonly Uint8Array[] {
  const length = sender === 'client' ? row.clientShareLength : row.serverShareLength;
  if (share.length !== length) fatal('illegal_parameter', 'BAD_KEY_SHARE', `${share.length} bytes for ${row.name}`);
  let at = 0;
  return row.parts.map((part) => {
    const start = at;
    at += PART_LENGTHS[part][sender];
    return share.subarray(start, at);
  });
}

function joined(row: NamedGroup, secrets: readonly (Uint8Array | undefined)[]): Uint8Array {
  const [first] = secrets;
  if (secrets.length === 1 && first !== undefined) return first;
  const secret = concat(...secrets.map((part) => part ?? refused(row)));
  wipe(...secrets);
  return secret;
}
