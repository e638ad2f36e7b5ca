import { describe, expect, it } from 'vitest';
import { concat, toHex } from '../bytes/bytes.ts';
import { groupName, NAMED_GROUPS, type NamedGroup } from '../registry/groups.ts';
import { jsProvider } from './js.ts';
import { answerKeyShare, type KeyShare, offerKeyShare, offerKeyShares } from './key-exchange.ts';
import { nodeProvider } from './node.ts';
import type { CryptoProvider } from './provider.ts';

const X25519MLKEM768 = 0x11ec;
const SECP256R1MLKEM768 = 0x11eb;
const X25519 = 0x001d;

/** Parts that are easily told apart: every value is one repeated byte. */
const marked: CryptoProvider = {
  ...jsProvider,
  ephemeral: () => ({ publicKey: new Uint8Array(65).fill(0xa1), agree: () => new Uint8Array(32).fill(0xa2), wipe() {} }),
  decapsulationKey: () => ({
    encapsulationKey: new Uint8Array(1184).fill(0xb1),
    decapsulate: () => new Uint8Array(32).fill(0xb2),
    wipe() {},
  }),
  encapsulate: () => ({ ciphertext: new Uint8Array(1088).fill(0xb3), secret: new Uint8Array(32).fill(0xb2) }),
};

/** The same primitives as a key store elsewhere would give them. */
const later: CryptoProvider = {
  ...jsProvider,
  ephemeral: async (name) => {
    const key = await jsProvider.ephemeral(name);
    return { publicKey: key.publicKey, agree: async (peer) => key.agree(peer), wipe: () => key.wipe() };
  },
  decapsulationKey: async (name) => jsProvider.decapsulationKey(name),
  encapsulate: async (name, key) => jsProvider.encapsulate(name, key),
};

const badShare = expect.objectContaining({ alert: 'illegal_parameter', reason: 'BAD_KEY_SHARE' });

/** In a synchronous provider nothing may have become a promise on the way. */
function now<T>(value: T | Promise<T>): T {
  if (value instanceof Promise) throw new Error('a promise from a synchronous provider');
  return value;
}

/** JavaScript needs half a second for the largest finite fields. */
const affordable = (provider: CryptoProvider, group: NamedGroup): boolean =>
  provider === nodeProvider || group.clientShareLength < 512 || group.kind !== 'ffdhe';

describe.each([nodeProvider, jsProvider])('a key exchange, client %s', (client) => {
  for (const server of [nodeProvider, jsProvider]) {
    for (const group of NAMED_GROUPS) {
      if (!affordable(client, group) || !affordable(server, group)) continue;
      it(`agrees with server ${server.name} on ${group.name}`, () => {
        const offered = now(offerKeyShare(client, group.id));
        expect(offered.group).toBe(group.id);
        expect(offered.share).toHaveLength(group.clientShareLength);
        const answer = now(answerKeyShare(server, group.id, offered.share));
        expect(answer.share).toHaveLength(group.serverShareLength);
        expect(toHex(now(offered.finish(answer.share)))).toBe(toHex(answer.secret));
      });
    }
  }
});

describe.each([nodeProvider, jsProvider])('shares that are refused with illegal_parameter (%s)', (provider) => {
  for (const group of NAMED_GROUPS.filter((row) => row.clientShareLength < 512 || row.kind === 'hybrid')) {
    it(`${group.name}: one byte less or more, all zeros, all ones`, () => {
      const offered = now(offerKeyShare(provider, group.id));
      const answer = now(answerKeyShare(provider, group.id, offered.share));
      for (const share of badForms(group, offered.share)) expect(() => answerKeyShare(provider, group.id, share)).toThrow(badShare);
      for (const share of badForms(group, answer.share)) {
        const again = now(offerKeyShare(provider, group.id));
        expect(() => again.finish(share)).toThrow(badShare);
      }
    });
  }
});

function badForms(group: NamedGroup, share: Uint8Array): readonly Uint8Array[] {
  const zeros = new Uint8Array(share.length);
  const forms = [share.subarray(1), concat(share, Uint8Array.of(0)), new Uint8Array(), zeros];
  // A u-coordinate of all ones is not canonical but allowed (RFC 7748, 5), and any ciphertext decapsulates to something.
  return group.parts.some((part) => part === 'x25519' || part === 'x448') ? forms : [...forms, new Uint8Array(share.length).fill(0xff)];
}

describe('hybrid groups (RFC 10024)', () => {
  it('X25519MLKEM768 has its ML-KEM part first, in shares and in the secret', () => {
    const narrow: CryptoProvider = {
      ...marked,
      ephemeral: () => ({ publicKey: new Uint8Array(32).fill(0xa1), agree: () => new Uint8Array(32).fill(0xa2), wipe() {} }),
    };
    const offered = now(offerKeyShare(narrow, X25519MLKEM768));
    expect(toHex(offered.share)).toBe('b1'.repeat(1184) + 'a1'.repeat(32));
    const answer = now(answerKeyShare(narrow, X25519MLKEM768, offered.share));
    expect(toHex(answer.share)).toBe('b3'.repeat(1088) + 'a1'.repeat(32));
    expect(toHex(answer.secret)).toBe('b2'.repeat(32) + 'a2'.repeat(32));
    expect(toHex(now(offered.finish(answer.share)))).toBe(toHex(answer.secret));
  });

  it('SecP256r1MLKEM768 has its curve first', () => {
    const offered = now(offerKeyShare(marked, SECP256R1MLKEM768));
    expect(toHex(offered.share)).toBe('a1'.repeat(65) + 'b1'.repeat(1184));
    const answer = now(answerKeyShare(marked, SECP256R1MLKEM768, offered.share));
    expect(toHex(answer.share)).toBe('a1'.repeat(65) + 'b3'.repeat(1088));
    expect(toHex(answer.secret)).toBe('a2'.repeat(32) + 'b2'.repeat(32));
  });

  it('are refused when one part alone is bad', () => {
    const offered = now(offerKeyShare(nodeProvider, X25519MLKEM768));
    const lowOrder = concat(offered.share.subarray(0, 1184), new Uint8Array(32));
    expect(() => answerKeyShare(nodeProvider, X25519MLKEM768, lowOrder)).toThrow(badShare);
    const overflowing = concat(new Uint8Array(1184).fill(0xff), offered.share.subarray(1184));
    expect(() => answerKeyShare(nodeProvider, X25519MLKEM768, overflowing)).toThrow(badShare);
  });
});

describe('several shares in one hello', () => {
  it('share the classical key, and either can be finished', () => {
    for (const chosen of [0, 1]) {
      const shares = now(offerKeyShares(nodeProvider, [X25519MLKEM768, X25519]));
      const [hybrid, classical] = shares as readonly [KeyShare, KeyShare];
      expect(toHex(hybrid.share.subarray(1184))).toBe(toHex(classical.share));
      const taken = shares[chosen] as KeyShare;
      const answer = now(answerKeyShare(jsProvider, taken.group, taken.share));
      // The one that was not taken is dropped first, as a client does when the server has chosen.
      shares[1 - chosen]?.wipe();
      expect(toHex(now(taken.finish(answer.share)))).toBe(toHex(answer.secret));
    }
  });

  it('make one key for a part, however many groups want it', () => {
    let made = 0;
    const counting: CryptoProvider = {
      ...jsProvider,
      ephemeral(name) {
        made++;
        return jsProvider.ephemeral(name);
      },
    };
    expect(
      now(offerKeyShares(counting, [X25519MLKEM768, X25519, 0x0017, SECP256R1MLKEM768])).map((share) => groupName(share.group)),
    ).toEqual(['X25519MLKEM768', 'x25519', 'secp256r1', 'SecP256r1MLKEM768']);
    expect(made).toBe(2);
  });

  it('wipe the key when the last of them is gone', () => {
    let wiped = 0;
    const watched: CryptoProvider = {
      ...jsProvider,
      ephemeral: () => ({ publicKey: new Uint8Array(32), agree: () => undefined, wipe: () => wiped++ }),
    };
    const [hybrid, classical] = now(offerKeyShares(watched, [X25519MLKEM768, X25519])) as readonly [KeyShare, KeyShare];
    hybrid.wipe();
    hybrid.wipe();
    expect(wiped).toBe(0);
    classical.wipe();
    expect(wiped).toBe(1);
  });
});

describe('a share', () => {
  it('is finished once', () => {
    const offered = now(offerKeyShare(nodeProvider, X25519));
    const answer = now(answerKeyShare(nodeProvider, X25519, offered.share));
    offered.finish(answer.share);
    expect(() => offered.finish(answer.share)).toThrow('finished or wiped');
  });

  it('of an unknown group is an internal error: groups are chosen before shares are made', () => {
    expect(() => offerKeyShare(nodeProvider, 0x0a0a)).toThrow(expect.objectContaining({ alert: 'internal_error' }));
  });

  it('may come from a provider that answers later', async () => {
    const pending = offerKeyShares(later, [X25519MLKEM768, X25519]);
    expect(pending).toBeInstanceOf(Promise);
    const [hybrid] = (await pending) as readonly [KeyShare, KeyShare];
    const answer = await answerKeyShare(later, hybrid.group, hybrid.share);
    expect(toHex(await hybrid.finish(answer.share))).toBe(toHex(answer.secret));
    const again = await offerKeyShare(later, X25519);
    await expect((async () => again.finish(new Uint8Array(32)))()).rejects.toThrow(badShare);
  });
});
