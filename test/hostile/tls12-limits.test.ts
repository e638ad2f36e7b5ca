import { describe, expect, it } from 'vitest';
import { concat, EMPTY } from '../../src/bytes/bytes.ts';
import { build } from '../../src/bytes/writer.ts';
import { ffdheGroup } from '../../src/crypto/ffdhe.ts';
import { toBigInt, toBytes } from '../../src/crypto/numbers.ts';
import { LIMITS, OPTIONS, TlsFatal } from '../../src/index.ts';
import { canDecrypt, testKey } from '../support/pki.ts';
import { provider } from './peer.ts';
import type { Peer12 } from './tls12-peer.ts';
import { againstClient12, againstServer12, type Scene } from './tls12-scene.ts';
import { expectConnection, expectRefusal } from './verdict.ts';

const ROLES = ['client', 'server'] as const;
type Role = (typeof ROLES)[number];
const begin = (role: Role, scene: Scene = {}): Peer12 => (role === 'client' ? againstClient12(scene) : againstServer12(scene)).turn();
const RENEGOTIATES: Scene = { victim: { options: OPTIONS.LEGACY_SERVER_CONNECT } };

/** Another handshake, which the peer asks for or begins. */
const again = (peer: Peer12): Peer12 => (peer.role === 'server' ? peer.play('HR') : peer).handshake();

/** Another handshake with so much data under way in it. */
function interleaved(role: Role, records: number): Peer12 {
  const peer = begin(role, RENEGOTIATES).handshake();
  const data = (p: Peer12): void => {
    for (let i = 0; i < records; i++) p.sendData(`${i},`);
  };
  return role === 'client' ? peer.play('HR', data, 'SH', 'CT', 'SKE', 'SHD', 'CCS', 'FIN') : peer.play('CH', data, 'CKE', 'CCS', 'FIN');
}

describe.each(ROLES)('limits of TLS 1.2 on a %s', (role) => {
  it('heldRecords', () => {
    const limit = LIMITS.heldRecords.value;
    const taken = interleaved(role, limit);
    expectConnection(taken);
    expect(taken.text).toBe(Array.from({ length: limit }, (_, i) => `${i},`).join(''));
    const refused = interleaved(role, limit + 1);
    expectRefusal(refused, 'unexpected_message', 'APP_DATA_IN_HANDSHAKE');
    expect(refused.text).toBe('');
  });

  it('renegotiations, in any ten minutes', () => {
    let time = 1_800_000_000_000;
    const peer = begin(role, { victim: { ...RENEGOTIATES.victim, now: () => time } }).handshake();
    const most = (): void => {
      for (let i = 0; i < LIMITS.renegotiations.value; i++) again(peer).play('DATA');
    };
    most();
    time += 600_001;
    most();
    expectConnection(peer);
    if (role === 'client') peer.play('HR');
    else peer.play('CH');
    expectRefusal(peer, 'no_renegotiation', 'TOO_MANY_RENEGOTIATIONS');
  });

  it('keyExchange', () => {
    const announced = (length: number): Peer12 => {
      const peer = begin(role);
      const type = role === 'client' ? 12 : 16;
      return (role === 'client' ? peer.play('SH', 'CT') : peer.play('CH')).play((p) =>
        p.sendRaw(Uint8Array.of(type, length >>> 16, length >>> 8, length)),
      );
    };
    const taken = announced(LIMITS.keyExchange.value);
    expect([taken.failure, ...taken.alerts]).toEqual([undefined]);
    expectRefusal(announced(LIMITS.keyExchange.value + 1), 'illegal_parameter', 'EXCESSIVE_MESSAGE_SIZE');
  });

  it('tls12Expansion', () => {
    const most = LIMITS.plaintext.value + LIMITS.tls12Expansion.value;
    const announced = (length: number): Peer12 =>
      begin(role)
        .handshake()
        .sendBytes(Uint8Array.of(23, 3, 3, length >>> 8, length))
        .turn();
    const taken = announced(most);
    expect([taken.failure, ...taken.alerts]).toEqual([undefined]);
    expectRefusal(announced(most + 1), 'record_overflow', 'ENCRYPTED_LENGTH_TOO_LONG');
  });

  it('plaintext, whatever the ciphertext may be', () => {
    const sent = (suite: number, length: number): Peer12 =>
      begin(role, { suite })
        .handshake()
        .play((p) => p.sendRecord(23, new Uint8Array(length)));
    for (const suite of [0xc02b, 0xc009, 0xc006]) {
      expectConnection(sent(suite, LIMITS.plaintext.value));
      expectRefusal(sent(suite, LIMITS.plaintext.value + 1), 'record_overflow', 'DATA_LENGTH_TOO_LONG');
    }
  });

  it('warnings that refuse another handshake', () => {
    const peer = begin(role).handshake();
    const ask = (): Peer12 => (role === 'client' ? peer.play('HR') : peer.play((p) => p.sendRaw(HELLO)));
    for (let i = 0; i < LIMITS.postHandshakeMessages.value; i++) ask();
    expect(peer.failure).toBeUndefined();
    expect(peer.alerts).toEqual(Array.from({ length: LIMITS.postHandshakeMessages.value }, () => [1, 100]));
    peer.alerts.length = 0;
    ask();
    expectRefusal(peer, 'unexpected_message', 'TOO_MANY_POST_HANDSHAKE_MESSAGES');
  });
});

/** A ClientHello that nobody reads. */
const HELLO: Uint8Array = concat(Uint8Array.of(1, 0, 0, 4), new Uint8Array(4));

describe('a Diffie-Hellman prime', () => {
  const offering = (prime: Uint8Array): Peer12 =>
    againstClient12({
      suite: 0x009e,
      setUp: (peer) => {
        peer.dh = { prime, generator: Uint8Array.of(2) };
      },
    });

  it('may be as long as dhPrimeBits says, and no longer', () => {
    const { prime } = ffdheGroup('ffdhe8192');
    expect(8 * prime.length).toBe(LIMITS.dhPrimeBits.value);
    expectConnection(offering(prime).handshake());
    const longer = offering(prime);
    longer.edits = {
      PARAMS: () =>
        build((w) =>
          w
            .vec16(concat(Uint8Array.of(1), prime))
            .vec16(Uint8Array.of(2))
            .vec16(Uint8Array.of(4)),
        ),
    };
    expectRefusal(longer.handshake(), 'illegal_parameter', 'BAD_DH_VALUE');
  });
});

// ---- oracles

/** What a peer can see of a refusal: the alerts, and how many messages came before them. */
const seen = (peer: Peer12): unknown => [
  peer.alerts,
  peer.messages.map(([type]) => type),
  peer.failure instanceof TlsFatal && [peer.failure.alert, peer.failure.reason, peer.failure.message],
];

describe.each(ROLES)('a CBC record that is wrong does not tell a %s’s peer what', (role) => {
  const scene = (encryptThenMac: boolean): Scene => ({
    suite: 0xc009,
    setUp: (peer) => {
      peer.encryptThenMac = encryptThenMac;
    },
  });

  /** A record of ten bytes with what it is made of changed. */
  function record(peer: Peer12, make: (text: Uint8Array, tag: Uint8Array) => Uint8Array): Uint8Array {
    const { keys } = peer;
    if (keys === undefined) throw new Error('no keys');
    const text = new Uint8Array(10).fill(0x61);
    const header = build((w) => w.u32(0).u32(1).u8(23).u16(0x0303).u16(text.length));
    const plain = make(text, provider.hmac('sha1', keys.mac).mac(header, text));
    const iv = new Uint8Array(16).fill(9);
    const sealed = plain.length % 16 === 0 ? provider.cbcEncrypt('aes-128-cbc', keys.key, iv, plain) : plain;
    return build((w) => w.u8(23).u16(0x0303).vec16(concat(iv, sealed)));
  }
  const padding = (length: number, value = length): Uint8Array => new Uint8Array(length + 1).fill(value);
  const sent = (make: (text: Uint8Array, tag: Uint8Array) => Uint8Array): Peer12 => {
    const peer = begin(role, scene(false)).handshake();
    return peer.sendBytes(record(peer, make)).turn();
  };

  it('and takes every padding that is right', () => {
    for (const length of [1, 17, 33, 241]) {
      const peer = sent((text, tag) => concat(text, tag, padding(length)));
      expectConnection(peer);
      expect(peer.text).toBe('aaaaaaaaaa');
    }
  });

  it.each<readonly [string, (text: Uint8Array, tag: Uint8Array) => Uint8Array]>([
    ['a byte of the padding', (text, tag) => concat(text, tag, Uint8Array.of(16), padding(16, 17))],
    ['the last byte of the padding', (text, tag) => concat(text, tag, Uint8Array.of(1, 0xff))],
    [
      'the MAC',
      (text, tag) =>
        concat(
          text,
          tag.map((byte) => byte ^ 1),
          padding(1),
        ),
    ],
    [
      'the content',
      (text, tag) =>
        concat(
          text.map((byte) => byte ^ 1),
          tag,
          padding(1),
        ),
    ],
    [
      'both',
      (text, tag) =>
        concat(
          text,
          tag.map((byte) => byte ^ 1),
          Uint8Array.of(7, 1),
        ),
    ],
    ['padding and nothing else', () => padding(31)],
    ['a tag and no room for it', () => padding(15)],
    ['a length that is no whole number of blocks', () => new Uint8Array(33)],
    ['an empty ciphertext', () => EMPTY],
  ])('with the MAC inside: %s', (_what, make) => {
    const peer = sent(make);
    expectRefusal(peer, 'bad_record_mac', 'DECRYPTION_FAILED_OR_BAD_RECORD_MAC');
    expect(seen(peer)).toEqual(seen(sent((text, tag) => concat(text, tag, padding(0, 1)))));
  });

  it('with the MAC outside', () => {
    for (const at of [5, 21, -1]) {
      const peer = begin(role, scene(true)).handshake();
      const out = new Uint8Array(200);
      const bytes = out.subarray(0, peer.seal.seal(23, new Uint8Array(20), 0, out, 0));
      bytes.set([(bytes.at(at) ?? 0) ^ 1], at < 0 ? bytes.length + at : at);
      peer.sendBytes(bytes).turn();
      expectRefusal(peer, 'bad_record_mac', 'DECRYPTION_FAILED_OR_BAD_RECORD_MAC');
    }
  });
});

describe.skipIf(!canDecrypt)('a premaster secret that is wrong (RFC 5246, 7.4.7.1)', () => {
  const key = testKey('rsa').publicKey;
  if (key.kind !== 'rsa') throw new TypeError('an RSA key');
  const [n, e, size] = [toBigInt(key.n), toBigInt(key.e), 256];

  /** RSA without padding. */
  function raw(block: Uint8Array): Uint8Array {
    let [result, base] = [1n, toBigInt(block) % n];
    for (let rest = e; rest > 0n; rest >>= 1n) {
      if ((rest & 1n) === 1n) result = (result * base) % n;
      base = (base * base) % n;
    }
    return toBytes(result, size);
  }
  /** 00 02, padding that is not zero, 00, and the secret. */
  const block = (secret: Uint8Array): Uint8Array =>
    concat(Uint8Array.of(0, 2), new Uint8Array(size - 3 - secret.length).fill(0x77), Uint8Array.of(0), secret);
  const secret = (version: number, length = 48): Uint8Array =>
    concat(Uint8Array.of(version >>> 8, version & 0xff), new Uint8Array(length - 2).fill(7));
  const changed = (at: number, byte: number): Uint8Array => {
    const out = block(secret(0x0303));
    out[at] = byte;
    return out;
  };
  const attempt = (sealed: Uint8Array): Peer12 => {
    const peer = begin('server', { suite: 0x009c });
    peer.edits = { CKE: () => build((w) => w.vec16(sealed)) };
    peer.play('CH', 'CKE', 'CCS');
    // Nothing is said before Finished.
    expect([peer.failure, ...peer.alerts]).toEqual([undefined]);
    return peer.play('FIN');
  };

  it('is not one that is right', () => expectConnection(attempt(raw(block(secret(0x0303))))));

  it.each<readonly [string, Uint8Array]>([
    ['another first byte', raw(changed(0, 1))],
    ['another block type', raw(changed(1, 1))],
    ['a zero in the padding', raw(changed(5, 0))],
    ['no zero behind the padding', raw(changed(size - 49, 0x77))],
    ['a secret that is too short', raw(block(secret(0x0303, 47)))],
    ['a secret that is too long', raw(block(secret(0x0303, 49)))],
    ['an empty secret', raw(block(EMPTY))],
    ['zeros', new Uint8Array(size)],
    ['the modulus', toBytes(n, size)],
    ['more than the modulus', new Uint8Array(size).fill(0xff)],
    ['a ciphertext that is too short', new Uint8Array(size - 1).fill(1)],
    ['a ciphertext that is too long', new Uint8Array(size + 1).fill(1)],
  ])('is found out at Finished, and not what it was: %s', (_what, sealed) => {
    const peer = attempt(sealed);
    expectRefusal(peer, 'bad_record_mac', 'DECRYPTION_FAILED_OR_BAD_RECORD_MAC');
    expect(seen(peer)).toEqual(seen(attempt(raw(changed(1, 1)))));
  });

  it.each([0x0302, 0x0304, 0x0300, 0])('is found out at Finished where its version is %i', (version) => {
    const premaster = secret(version);
    const peer = begin('server', { suite: 0x009c });
    peer.premasterSent = premaster;
    peer.edits = { CKE: () => build((w) => w.vec16(raw(block(premaster)))) };
    peer.play('CH', 'CKE', 'CCS');
    expect([peer.failure, ...peer.alerts]).toEqual([undefined]);
    peer.play('FIN');
    expectRefusal(peer, 'bad_record_mac', 'DECRYPTION_FAILED_OR_BAD_RECORD_MAC');
    expect(seen(peer)).toEqual(seen(attempt(raw(changed(1, 1)))));
  });
});

describe('a pre-shared key that is wrong (RFC 4279, 2)', () => {
  it('looks like an identity nobody knows', () => {
    const attempt = (known: boolean): Peer12 => {
      const identity = new TextEncoder().encode('a device');
      const pskServerCallback = () => (known ? { identity, key: new Uint8Array(16).fill(5) } : undefined);
      const setUp = (peer: Peer12): void => {
        peer.psk = new Uint8Array(16).fill(6);
      };
      return begin('server', { suite: 0x00a8, victim: { pskServerCallback }, setUp }).handshake();
    };
    expectRefusal(attempt(true), 'bad_record_mac', 'DECRYPTION_FAILED_OR_BAD_RECORD_MAC');
    expect(seen(attempt(false))).toEqual(seen(attempt(true)));
  });
});

describe('3DES', () => {
  it('serves for 2^20 blocks of the peer, and not for more', () => {
    const { recordLimit } = againstServer12({ suite: 0xc008 }).suite;
    const peer = begin('server', { suite: 0xc008 }).handshake();
    // 16 bytes of Finished, its tag and padding; then blocks of data with a tag of 20 bytes and padding.
    const content = new Uint8Array(16_384);
    const blocks = (16_384 + 20 + 4) / 8;
    let used = 5;
    for (; used + blocks <= recordLimit; used += blocks) peer.sendRecord(23, content).turn();
    expect(peer.failure).toBeUndefined();
    for (let i = 0; i < 2; i++) peer.sendRecord(23, content).turn();
    expectRefusal(peer, 'internal_error', 'KEY_WORN_OUT');
  });
});
