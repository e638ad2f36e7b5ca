import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/bytes/bytes.ts';
import { extendedMasterSecret } from '../../src/extensions/tls12.ts';
import { type SslContextOptions, TlsFatal, VERIFY } from '../../src/index.ts';
import { canDecrypt, testAuthority, testCertificate, testKey } from '../support/pki.ts';
import { without } from './peer.ts';
import { type Peer12, SESSION_ID, type Step12 } from './tls12-peer.ts';
import { againstClient12, againstServer12, contextOf, type Scene } from './tls12-scene.ts';
import { expectConnection, expectRefusal } from './verdict.ts';

/** RFC 5246, figures 1 and 2; RFC 5077, figures 1 and 2; RFC 4279; RFC 6066, 8: one order, and all that are like it. */
interface Order {
  readonly name: string;
  readonly steps: readonly Step12[];
  readonly grammar: RegExp;
  readonly begin: () => Peer12;
}

const KEY = new Uint8Array(16).fill(5);
const psk = (suite: number, hint?: string): Scene => ({
  suite,
  victim: {
    pskClientCallback: () => [{ identity: utf8('a device'), key: KEY }],
    pskServerCallback: () => ({ identity: utf8('a device'), key: KEY }),
  },
  setUp: (peer) => {
    peer.psk = KEY;
    peer.hint = hint;
  },
});
const credential: SslContextOptions = { cert: testCertificate({ key: 'client', subject: 'a client' }), key: testKey('client') };
const asks: Scene = { victim: { ca: testAuthority, verifyMode: VERIFY.PEER } };

/** The second of two connections, which takes up the session of the first. */
function resumed(role: 'client' | 'server', by: 'id' | 'ticket', scene: Scene = {}): Peer12 {
  const context = contextOf(role, scene);
  const against = role === 'client' ? againstClient12 : againstServer12;
  const setUp = (peer: Peer12): void => {
    peer.ticket = by === 'ticket';
    peer.id = by === 'id' ? SESSION_ID : peer.id;
  };
  const first = against({ ...scene, context, setUp }).handshake();
  expectConnection(first);
  const second = against({ ...scene, context, setUp });
  second.session = first.kept;
  if (role === 'client') second.victim.setSession(first.victim.session);
  return second;
}

const GETS_FULL = /^SH CT SKE (CR )?SHD CCS FIN( DATA)*$/;
const spoken = (orders: readonly Order[]): readonly Order[] => orders.filter(({ name }) => canDecrypt || name !== 'RSA key exchange');

const CLIENT_GETS: readonly Order[] = spoken([
  { name: 'a full handshake', steps: ['SH', 'CT', 'SKE', 'SHD', 'CCS', 'FIN', 'DATA'], grammar: GETS_FULL, begin: () => againstClient12() },
  {
    name: 'a full handshake with RSA signatures',
    steps: ['SH', 'CT', 'SKE', 'SHD', 'CCS', 'FIN', 'DATA'],
    grammar: GETS_FULL,
    begin: () => againstClient12({ suite: 0xc02f }),
  },
  {
    name: 'a request for a certificate',
    steps: ['SH', 'CT', 'SKE', 'CR', 'SHD', 'CCS', 'FIN', 'DATA'],
    grammar: GETS_FULL,
    begin: () => againstClient12({ victim: credential }),
  },
  {
    name: 'a request for a certificate that it has not',
    steps: ['SH', 'CT', 'SKE', 'CR', 'SHD', 'CCS', 'FIN', 'DATA'],
    grammar: GETS_FULL,
    begin: () => againstClient12(),
  },
  {
    name: 'a status',
    steps: ['SH', 'CT', 'CS', 'SKE', 'SHD', 'CCS', 'FIN', 'DATA'],
    grammar: /^SH CT (CS )?SKE (CR )?SHD CCS FIN( DATA)*$/,
    begin: () =>
      againstClient12({ victim: { statusRequest: true, verifyMode: VERIFY.NONE }, setUp: (peer) => Object.assign(peer, { status: true }) }),
  },
  {
    name: 'a ticket',
    steps: ['SH', 'CT', 'SKE', 'SHD', 'NST', 'CCS', 'FIN', 'DATA'],
    grammar: /^SH CT SKE (CR )?SHD NST CCS FIN( DATA)*$/,
    begin: () => againstClient12({ setUp: (peer) => Object.assign(peer, { ticket: true }) }),
  },
  {
    name: 'its session by its id',
    steps: ['SH', 'CCS', 'FIN', 'DATA'],
    grammar: /^SH CCS FIN( DATA)*$/,
    begin: () => resumed('client', 'id'),
  },
  {
    name: 'its session by its ticket, and a new one',
    steps: ['SH', 'NST', 'CCS', 'FIN', 'DATA'],
    grammar: /^SH NST CCS FIN( DATA)*$/,
    begin: () => resumed('client', 'ticket'),
  },
  {
    name: 'its session by its ticket, and no new one',
    steps: ['SH', 'CCS', 'FIN', 'DATA'],
    grammar: /^SH CCS FIN( DATA)*$/,
    begin: () => Object.assign(resumed('client', 'ticket'), { ticket: false }),
  },
  {
    name: 'a pre-shared key without a hint',
    steps: ['SH', 'SHD', 'CCS', 'FIN', 'DATA'],
    grammar: /^SH (SKE )?SHD CCS FIN( DATA)*$/,
    begin: () => againstClient12(psk(0x00a8)),
  },
  {
    name: 'a pre-shared key with a hint',
    steps: ['SH', 'SKE', 'SHD', 'CCS', 'FIN', 'DATA'],
    grammar: /^SH (SKE )?SHD CCS FIN( DATA)*$/,
    begin: () => againstClient12(psk(0x00a8, 'a hint')),
  },
  {
    name: 'a pre-shared key beside an ephemeral one',
    steps: ['SH', 'SKE', 'SHD', 'CCS', 'FIN', 'DATA'],
    grammar: /^SH SKE SHD CCS FIN( DATA)*$/,
    begin: () => againstClient12(psk(0xc035)),
  },
  {
    name: 'RSA key exchange',
    steps: ['SH', 'CT', 'SHD', 'CCS', 'FIN', 'DATA'],
    grammar: /^SH CT (CR )?SHD CCS FIN( DATA)*$/,
    begin: () => againstClient12({ suite: 0x009c }),
  },
]);

const SERVER_GETS: readonly Order[] = spoken([
  {
    name: 'a full handshake',
    steps: ['CH', 'CKE', 'CCS', 'FIN', 'DATA'],
    grammar: /^CH CKE CCS FIN( DATA)*$/,
    begin: () => againstServer12(),
  },
  {
    name: 'a certificate',
    steps: ['CH', 'CT', 'CKE', 'CV', 'CCS', 'FIN', 'DATA'],
    grammar: /^CH (CT CKE CV|CT0 CKE) CCS FIN( DATA)*$/,
    begin: () => againstServer12(asks),
  },
  {
    name: 'no certificate',
    steps: ['CH', 'CT0', 'CKE', 'CCS', 'FIN', 'DATA'],
    grammar: /^CH (CT CKE CV|CT0 CKE) CCS FIN( DATA)*$/,
    begin: () => againstServer12(asks),
  },
  {
    name: 'a wish for a ticket',
    steps: ['CH', 'CKE', 'CCS', 'FIN', 'DATA'],
    grammar: /^CH CKE CCS FIN( DATA)*$/,
    begin: () => againstServer12({ setUp: (peer) => Object.assign(peer, { ticket: true }) }),
  },
  {
    name: 'a session by its id',
    steps: ['CH', 'CCS', 'FIN', 'DATA'],
    grammar: /^CH CCS FIN( DATA)*$/,
    begin: () => resumed('server', 'id'),
  },
  {
    name: 'a session by its ticket',
    steps: ['CH', 'CCS', 'FIN', 'DATA'],
    grammar: /^CH CCS FIN( DATA)*$/,
    begin: () => resumed('server', 'ticket'),
  },
  {
    name: 'a pre-shared key',
    steps: ['CH', 'CKE', 'CCS', 'FIN', 'DATA'],
    grammar: /^CH CKE CCS FIN( DATA)*$/,
    begin: () => againstServer12(psk(0x00a8)),
  },
  {
    name: 'RSA key exchange',
    steps: ['CH', 'CKE', 'CCS', 'FIN', 'DATA'],
    grammar: /^CH CKE CCS FIN( DATA)*$/,
    begin: () => againstServer12({ suite: 0x009c }),
  },
]);

describe.each(CLIENT_GETS)('a client of TLS 1.2 gets $name', (order) => rules(order));
describe.each(SERVER_GETS)('a server of TLS 1.2 gets $name', (order) => rules(order));

/** Every legal order leads to a connection; every other one to unexpected_message, as the peer sees it. */
function rules({ steps, grammar, begin }: Order): void {
  it('and takes it', () => {
    const peer = begin().play(...steps);
    expectConnection(peer);
    expect(peer.text).toBe('data');
    expect(peer.victim.write(Uint8Array.of(1))).toBe(1);
    expect(peer.turn().received.at(-1)).toEqual(Uint8Array.of(1));
  });

  it.each(mutations(steps))('and judges it with $what', ({ mutated }) => {
    const peer = begin().play(...mutated);
    if (grammar.test(mutated.join(' '))) return expectConnection(peer);
    const told = [peer.failure instanceof TlsFatal && peer.failure.alert, ...peer.alerts];
    expect(told, `${mutated.join(' ')}: ${peer.failure}`).toEqual(['unexpected_message', [2, 10]]);
  });
}

/** Each message left out, each one twice, each pair the other way round. */
function mutations(steps: readonly Step12[]): readonly { readonly what: string; readonly mutated: readonly Step12[] }[] {
  return steps.flatMap((step, at) => {
    const next = steps[at + 1];
    return [
      { what: `${step} left out`, mutated: steps.toSpliced(at, 1) },
      { what: `${step} twice`, mutated: steps.toSpliced(at, 0, step) },
      ...(next === undefined ? [] : [{ what: `${step} and ${next} swapped`, mutated: steps.toSpliced(at, 2, next, step) }]),
    ];
  });
}

describe('resumption in TLS 1.2', () => {
  const both: Scene = { suite: 0xc009, victim: { minProtoVersion: 0x0302 } };
  const lenient: Scene = { victim: { extendedMasterSecret: 'offer' } };

  it('is refused in another version', () => {
    const peer = resumed('client', 'id', both);
    peer.edits = { SH: (hello) => ({ ...hello, legacyVersion: 0x0302 }) };
    peer.play('SH');
    expectRefusal(peer, 'illegal_parameter', 'SSL_SESSION_VERSION_MISMATCH');
  });

  it('is refused with another suite', () => {
    const peer = resumed('client', 'id', { victim: { cipherList: [0xc02b, 0xc02c] } });
    peer.edits = { SH: (hello) => ({ ...hello, cipherSuite: 0xc02c }) };
    peer.play('SH');
    expectRefusal(peer, 'illegal_parameter', 'OLD_SESSION_CIPHER_NOT_RETURNED');
  });

  it.each(['id', 'ticket'] as const)('by %s is refused where the extended master secret disappears', (by) => {
    const client = resumed('client', by, lenient);
    client.edits = { SH: without(extendedMasterSecret) };
    client.play('SH');
    expectRefusal(client, 'handshake_failure', 'INCONSISTENT_EXTMS');
    const server = resumed('server', by, lenient);
    server.edits = { CH: without(extendedMasterSecret) };
    server.play('CH');
    expectRefusal(server, 'handshake_failure', 'INCONSISTENT_EXTMS');
  });

  it.each(['id', 'ticket'] as const)('by %s is refused with another master secret', (by) => {
    for (const role of ['client', 'server'] as const) {
      const peer = resumed(role, by);
      peer.session = { ...(peer.session ?? peer.kept), master: new Uint8Array(48) };
      if (role === 'client') {
        peer.play('SH', ...(by === 'ticket' ? (['NST'] as const) : []), 'CCS', 'FIN');
        expect(peer.failure).toMatchObject({ alert: 'bad_record_mac', reason: 'DECRYPTION_FAILED_OR_BAD_RECORD_MAC' });
      } else expect(() => peer.play('CH')).toThrow('does not open');
    }
  });

  it('is a full handshake where the suite is no longer spoken', () => {
    for (const by of ['id', 'ticket'] as const) {
      const peer = resumed('server', by, { victim: { cipherList: [0xc02b, 0xc02c] } });
      peer.victim.set('cipherList', [0xc02c]);
      peer.edits = { CH: (hello) => ({ ...hello, cipherSuites: [0xc02b, 0xc02c] }) };
      peer.play('CH');
      expect(peer.failure).toBeUndefined();
      expect(peer.answer?.cipherSuite).toBe(0xc02c);
      expect(peer.messages.map(([type]) => type)).toEqual([2, 11, 12, 14]);
    }
  });
});
