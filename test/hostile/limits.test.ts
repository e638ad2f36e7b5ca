import { describe, expect, it } from 'vitest';
import { concat, utf8 } from '../../src/bytes/bytes.ts';
import { build } from '../../src/bytes/writer.ts';
import { certificateAuthorities } from '../../src/extensions/certificate-authorities.ts';
import { earlyData } from '../../src/extensions/early-data.ts';
import { encode } from '../../src/extensions/extension.ts';
import { bindersLength, preSharedKey } from '../../src/extensions/pre-shared-key.ts';
import { readBlock } from '../../src/extensions/table.ts';
import {
  type AlertName,
  HANDSHAKE_TYPE,
  LIMITS,
  type Reason,
  Ssl,
  SslContext,
  type SslContextOptions,
  SslSession,
  VERIFY,
} from '../../src/index.ts';
import { SessionCache } from '../../src/session/cache.ts';
import { RotatingTicketKeys } from '../../src/session/ticket.ts';
import type { ClientHello } from '../../src/wire/client-hello.ts';
import { readsEarlyData } from '../orders/orders.ts';
import { clientContext, serverContext } from '../support/connect.ts';
import { TEST_TIME, testAuthority } from '../support/pki.ts';
import { againstServer, type ClientPeer, QUICK_SERVER } from './client-peer.ts';
import { appending, type Peer, type PeerPsk, provider, withExtension } from './peer.ts';
import { againstClient, QUICK_CLIENT, type ServerPeer } from './server-peer.ts';
import { expectConnection, expectRefusal } from './verdict.ts';

type LimitName = keyof typeof LIMITS;

/** Both sides of a bound: as much as it says is taken, one more is not. */
interface Bound {
  readonly what: string;
  readonly taken: () => void;
  readonly refused: () => void;
}

/** Limits of TLS 1.2 alone, whose tests stand in tls12-limits.test.ts, of QUIC, in src/handshake/quic.test.ts, of ECH, in src/wire and src/ssl, and of sockets, in src/node. */
const ELSEWHERE: readonly string[] = [
  'heldRecords',
  'renegotiations',
  'keyExchange',
  'dhPrimeBits',
  'tls12Expansion',
  'quicFlight',
  'echConfigs',
  'echTrials',
  'droppedBytes',
];

/** Limits of certificates, CRLs and verification: their tests stand in src/x509 and src/asn1. */
const OF_X509: readonly string[] = [
  'verifySignatures',
  'verifyCandidates',
  'verifyNameComparisons',
  'verifyPolicyNodes',
  'derDepth',
  'oidBytes',
  'certificateExtensions',
  'generalNames',
  'certificateTimestamps',
];

const client = (): ServerPeer => againstClient().handshake();
const server = (): ClientPeer => againstServer().handshake();

/** `count` times something, and then data. */
function times<P extends Peer>(count: number, begin: () => P, send: (peer: P) => unknown): P {
  const peer = begin();
  for (let i = 0; i < count; i++) send(peer);
  peer.turn();
  return peer;
}

/** Something that may be done `limit` times in a row, and again after data came. */
function flood<P extends Peer>(
  what: string,
  name: LimitName,
  begin: () => P,
  send: (peer: P) => unknown,
  alert: AlertName,
  reason: Reason,
): Bound {
  const limit = LIMITS[name].value;
  return {
    what,
    taken: () => {
      const peer = times(limit, begin, send);
      peer.sendData('one').turn();
      for (let i = 0; i < limit; i++) send(peer);
      peer.sendData('two').turn();
      expectConnection(peer);
      expect(peer.text).toBe('onetwo');
    },
    refused: () => expectRefusal(times(limit + 1, begin, send), alert, reason),
  };
}

/** The length in a message's header is judged before a byte of its body is waited for. */
function size(what: string, name: LimitName, type: number, begin: () => Peer): Bound {
  const limit = LIMITS[name].value;
  const announce = (length: number): Peer => {
    const peer = begin();
    return peer.sendRaw(Uint8Array.of(type, length >>> 16, length >>> 8, length)).turn();
  };
  return {
    what,
    taken: () => {
      const peer = announce(limit);
      expect(peer.failure).toBeUndefined();
      expect(peer.alerts).toEqual([]);
    },
    refused: () => expectRefusal(announce(limit + 1), 'illegal_parameter', 'EXCESSIVE_MESSAGE_SIZE'),
  };
}

/** A record header that announces so many bytes. */
function announced(begin: () => Peer, type: number, length: number): Peer {
  return begin()
    .sendBytes(Uint8Array.of(type, 3, 3, length >>> 8, length))
    .turn();
}

const asksForCertificate: SslContextOptions = { ca: testAuthority, verifyMode: VERIFY.PEER };

function settable(what: string, limit: number, set: (value: number) => unknown): Bound {
  return { what, taken: () => expect(set(limit)).toBeDefined(), refused: () => expect(() => set(limit + 1)).toThrow() };
}

// ---- pre-shared keys

const KEY = utf8('a key of both sides');
const KNOWN: PeerPsk = { identity: utf8('known'), secret: KEY, kind: 'external' };

/** A ClientHello with unknown identities before the one that is known. Gives the identities that the server asked for. */
function offering(unknown: number): { readonly peer: ClientPeer; readonly asked: number } {
  let asked = 0;
  const pskServerCallback = (_ssl: Ssl, identity: Uint8Array) => {
    asked++;
    return identity.length === KNOWN.identity.length ? { identity: KNOWN.identity, key: KEY } : undefined;
  };
  const peer = againstServer({ pskServerCallback });
  peer.psk = KNOWN;
  peer.binds = false;
  const identities = [...Array.from({ length: unknown }, (_, i) => utf8(`nobody knows ${i}`)), KNOWN.identity];
  const binders = identities.map(() => new Uint8Array(32));
  const offer = { identities: identities.map((identity) => ({ identity, obfuscatedTicketAge: 0 })), binders };
  peer.edits = { CH: withExtension<ClientHello>(preSharedKey.id, encode(preSharedKey, 'CH', offer).data) };
  peer.tampers = { CH: (raw) => concat(raw.subarray(0, -32), peer.binder(KNOWN, raw.subarray(0, raw.length - bindersLength(binders)))) };
  return { peer: peer.play('CH', 'FIN', 'DATA'), asked };
}

/** What a client with an external key of these lengths does. */
function external(identity: number, key: number): ServerPeer {
  return againstClient({
    pskClientCallback: () => [{ identity: new Uint8Array(identity).fill(1), key: new Uint8Array(key).fill(2) }],
  }).turn();
}

// ---- early data, tickets and the clock

/** A server that gives out a ticket for early data, and a client that comes back with it. */
function comesBack({
  after,
  claims,
  budget = 100,
  sends = 'early',
}: {
  after: number;
  claims: number;
  budget?: number;
  sends?: string;
}): ClientPeer {
  let clock = 1000 * TEST_TIME;
  const context = serverContext({ ...QUICK_SERVER, numTickets: 1, maxEarlyData: budget, now: () => clock });
  const { ticketPsk } = againstServer(context).handshake();
  clock += after;
  const peer = againstServer(context, (again) => {
    again.psk = { ...ticketPsk, obfuscatedTicketAge: ((ticketPsk.obfuscatedTicketAge ?? 0) + claims) % 0x1_0000_0000 };
    again.offersEarlyData = true;
    readsEarlyData(again);
  });
  return peer.play('CH', (self) => self.sendData(sends));
}

/** A client that sends early data to a server that takes none: `bytes` of it, in records of `each`. */
function refusedEarlyData(bytes: number, each: number, options: SslContextOptions = {}): ClientPeer {
  const peer = againstServer({ ...options, pskServerCallback: () => undefined }, (self) => {
    self.psk = KNOWN;
    self.offersEarlyData = true;
  });
  peer.step('CH');
  for (let left = bytes; left > 0; left -= each) peer.sendRecord(23, new Uint8Array(Math.min(left, each)));
  peer.turn();
  peer.stage = options.groups === undefined ? 'handshake' : 'plain';
  return peer.play(...(options.groups === undefined ? (['FIN', 'DATA'] as const) : (['CH', 'FIN', 'DATA'] as const)));
}

function skipped(what: string, each: number, options: SslContextOptions = {}): Bound {
  const limit = LIMITS.earlyDataSkipped.value;
  return {
    what,
    taken: () => {
      const peer = refusedEarlyData(limit, each, options);
      expectConnection(peer);
      expect(peer.text).toBe('data');
    },
    refused: () => expectRefusal(refusedEarlyData(limit + 1, each, options), 'unexpected_message', 'TOO_MUCH_SKIPPED_EARLY_DATA'),
  };
}

/** A client whose ticket is so many milliseconds old: does it still offer it? */
function offersTicket(lifetime: number, age: number): boolean {
  let clock = 1000 * TEST_TIME;
  const context = clientContext({ ...QUICK_CLIENT, now: () => clock });
  const first = againstClient(context);
  first.edits = { NST: (ticket: object) => ({ ...ticket, lifetime }) };
  const { session } = first.handshake().play('NST').victim;
  clock += age;
  const again = againstClient(context, ({ victim }) => victim.setSession(session)).turn();
  return again.offered.has(preSharedKey);
}

/** A stateless server that sees its cookie again after so many seconds: how often does it ask? */
function cookieAfter(seconds: number): number {
  let clock = 1000 * TEST_TIME;
  const context = serverContext({ ...QUICK_SERVER, groups: ['P-256'], now: () => clock });
  const peer = againstServer(context);
  peer.advance = () => peer.victim.stateless() === true && false;
  peer.play('CH');
  clock += 1000 * seconds;
  peer.moveTo(new Ssl(context));
  return peer.play('CH').retries.length;
}

const SECOND = 1000;

const BOUNDS: { readonly [name: string]: readonly Bound[] } = {
  plaintext: [
    {
      what: 'bytes in a record',
      taken: () => expect(announced(() => againstServer().turn(), 22, 16_384).failure).toBeUndefined(),
      refused: () =>
        expectRefusal(
          announced(() => againstServer().turn(), 22, 16_385),
          'record_overflow',
          'DATA_LENGTH_TOO_LONG',
        ),
    },
    {
      what: 'bytes in a protected record',
      taken: () => expect(client().sendRecord(23, new Uint8Array(16_384)).turn().delivered[0]?.length).toBe(16_384),
      refused: () => expectRefusal(client().sendRecord(23, new Uint8Array(16_385)).turn(), 'record_overflow', 'DATA_LENGTH_TOO_LONG'),
    },
  ],
  ciphertextExpansion: [
    {
      what: 'bytes that sealing may add',
      taken: () => expect(announced(client, 23, 16_384 + 256).failure).toBeUndefined(),
      refused: () => expectRefusal(announced(client, 23, 16_384 + 257), 'record_overflow', 'ENCRYPTED_LENGTH_TOO_LONG'),
    },
  ],
  emptyRecords: [
    flood('empty records to a client', 'emptyRecords', client, (peer) => peer.sendData(''), 'unexpected_message', 'RECORD_TOO_SMALL'),
    flood('empty records to a server', 'emptyRecords', server, (peer) => peer.sendData(''), 'unexpected_message', 'RECORD_TOO_SMALL'),
    flood('records of padding alone', 'emptyRecords', server, (peer) => peer.sendData('', 1000), 'unexpected_message', 'RECORD_TOO_SMALL'),
  ],
  changeCipherSpecRecords: [
    {
      what: 'compatibility records to a client',
      taken: () =>
        expectConnection(
          times(
            2,
            () => againstClient().turn(),
            (peer) => peer.sendChangeCipherSpec(),
          ).handshake(),
        ),
      refused: () =>
        expectRefusal(
          times(
            3,
            () => againstClient().turn(),
            (peer) => peer.sendChangeCipherSpec(),
          ),
          'unexpected_message',
          'CCS_RECEIVED_EARLY',
        ),
    },
    {
      what: 'compatibility records to a client, before and after a retry',
      taken: () => expectConnection(againstClient().play('CCS', 'HRR', 'CCS', 'SH', 'EE', 'CT', 'CV', 'FIN')),
      refused: () => expectRefusal(againstClient().play('CCS', 'HRR', 'CCS', 'SH', 'CCS'), 'unexpected_message', 'CCS_RECEIVED_EARLY'),
    },
    {
      what: 'compatibility records to a server, before and after a retry',
      taken: () => expectConnection(againstServer({ groups: ['P-256'] }).play('CH', 'CCS', 'CH', 'CCS', 'FIN')),
      refused: () =>
        expectRefusal(
          againstServer({ groups: ['P-256'] }).play('CH', 'CCS', 'CH', 'CCS', 'CCS'),
          'unexpected_message',
          'CCS_RECEIVED_EARLY',
        ),
    },
  ],
  warningAlerts: [
    flood('warnings to a client', 'warningAlerts', client, (peer) => peer.sendAlert(90, 1), 'unexpected_message', 'TOO_MANY_WARN_ALERTS'),
    flood('warnings to a server', 'warningAlerts', server, (peer) => peer.sendAlert(90, 1), 'unexpected_message', 'TOO_MANY_WARN_ALERTS'),
    {
      what: 'warnings before a version is known',
      taken: () =>
        expectConnection(
          times(
            4,
            () => againstServer().turn(),
            (peer) => peer.sendAlert(112, 1),
          ).handshake(),
        ),
      refused: () =>
        expectRefusal(
          times(
            5,
            () => againstServer().turn(),
            (peer) => peer.sendAlert(112, 1),
          ),
          'unexpected_message',
          'TOO_MANY_WARN_ALERTS',
        ),
    },
  ],
  postHandshakeMessages: [
    flood(
      'key updates to a client',
      'postHandshakeMessages',
      client,
      (peer) => peer.sendKeyUpdate(),
      'unexpected_message',
      'TOO_MANY_KEY_UPDATES_PER_DATA',
    ),
    flood(
      'key updates to a server',
      'postHandshakeMessages',
      server,
      (peer) => peer.sendKeyUpdate(),
      'unexpected_message',
      'TOO_MANY_KEY_UPDATES_PER_DATA',
    ),
    flood('tickets', 'postHandshakeMessages', client, (peer) => peer.step('NST'), 'unexpected_message', 'TOO_MANY_POST_HANDSHAKE_MESSAGES'),
    {
      what: 'key updates between empty records',
      taken: () => expectConnection(times(32, client, (peer) => peer.sendKeyUpdate())),
      refused: () =>
        expectRefusal(
          times(32, client, (peer) => peer.sendKeyUpdate().sendData(''))
            .sendKeyUpdate()
            .turn(),
          'unexpected_message',
          'TOO_MANY_KEY_UPDATES_PER_DATA',
        ),
    },
  ],
  clientHello: [size('bytes of a ClientHello', 'clientHello', HANDSHAKE_TYPE.clientHello, () => againstServer().turn())],
  serverHello: [
    size('bytes of a ServerHello', 'serverHello', HANDSHAKE_TYPE.serverHello, () => againstClient().turn()),
    size('bytes of a ServerHello after a retry', 'serverHello', HANDSHAKE_TYPE.serverHello, () => againstClient().play('HRR')),
  ],
  encryptedExtensions: [
    size('bytes of EncryptedExtensions', 'encryptedExtensions', HANDSHAKE_TYPE.encryptedExtensions, () => againstClient().play('SH')),
  ],
  certificateList: [
    size('bytes of a server’s Certificate', 'certificateList', HANDSHAKE_TYPE.certificate, () => againstClient().play('SH', 'EE')),
    size('bytes of the Certificate behind a request', 'certificateList', HANDSHAKE_TYPE.certificate, () =>
      againstClient().play('SH', 'EE', 'CR'),
    ),
    size('bytes of a client’s Certificate', 'certificateList', HANDSHAKE_TYPE.certificate, () =>
      againstServer(asksForCertificate).play('CH'),
    ),
    size('bytes of a late Certificate', 'certificateList', HANDSHAKE_TYPE.certificate, () => {
      const late = againstServer({ ca: testAuthority, verifyMode: VERIFY.PEER | VERIFY.POST_HANDSHAKE });
      late.offersPostHandshakeAuth = true;
      return late.play('CH', 'FIN', ({ victim }) => victim.verifyClientPostHandshake());
    }),
  ],
  certificateRequest: [
    size('bytes of a CertificateRequest', 'certificateRequest', HANDSHAKE_TYPE.certificateRequest, () => againstClient().play('SH', 'EE')),
    size('bytes of a late CertificateRequest', 'certificateRequest', HANDSHAKE_TYPE.certificateRequest, () =>
      againstClient({ postHandshakeAuth: true }).handshake(),
    ),
  ],
  certificateVerify: [
    size('bytes of a server’s CertificateVerify', 'certificateVerify', HANDSHAKE_TYPE.certificateVerify, () =>
      againstClient().play('SH', 'EE', 'CT'),
    ),
    size('bytes of a client’s CertificateVerify', 'certificateVerify', HANDSHAKE_TYPE.certificateVerify, () =>
      againstServer(asksForCertificate).play('CH', 'CT'),
    ),
  ],
  finished: [
    size('bytes of a server’s Finished', 'finished', HANDSHAKE_TYPE.finished, () => againstClient().play('SH', 'EE', 'CT', 'CV')),
    size('bytes of a client’s Finished', 'finished', HANDSHAKE_TYPE.finished, () => againstServer().play('CH')),
  ],
  keyUpdate: [
    size('bytes of a KeyUpdate to a client', 'keyUpdate', HANDSHAKE_TYPE.keyUpdate, client),
    size('bytes of a KeyUpdate to a server', 'keyUpdate', HANDSHAKE_TYPE.keyUpdate, server),
  ],
  newSessionTicket: [size('bytes of a NewSessionTicket', 'newSessionTicket', HANDSHAKE_TYPE.newSessionTicket, client)],
  ticketsKept: [
    { what: 'tickets that a client keeps', taken: () => expect(ticketsKept(16)).toBe(16), refused: () => expect(ticketsKept(17)).toBe(16) },
  ],
  ticketsSent: [
    settable('tickets that may be asked for', 16, (numTickets) => serverContext({ numTickets })),
    {
      what: 'tickets on the wire',
      taken: () => expect(againstServer({ numTickets: 16 }).handshake().tickets).toHaveLength(16),
      refused: () => expect(againstServer({ numTickets: 0 }).handshake().tickets).toHaveLength(0),
    },
  ],
  pskIdentitiesExamined: [
    {
      what: 'identities that are looked at',
      taken: () => {
        const { peer, asked } = offering(4);
        expectConnection(peer);
        expect([asked, peer.psk]).toEqual([5, KNOWN]);
      },
      refused: () => {
        const { peer, asked } = offering(5);
        expectConnection(peer);
        expect([asked, peer.psk]).toEqual([5, undefined]);
      },
    },
  ],
  pskIdentity: [
    {
      what: 'bytes of an identity',
      taken: () => expect(external(256, 32).offered.get(preSharedKey)?.identities[0]?.identity.length).toBe(256),
      refused: () => expect(external(257, 32).failure).toMatchObject({ reason: 'BAD_PSK_IDENTITY' }),
    },
    {
      what: 'bytes of an identity that are not there',
      taken: () => expect(external(1, 32).offered.has(preSharedKey)).toBe(true),
      refused: () => expect(external(0, 32).failure).toMatchObject({ reason: 'BAD_PSK_IDENTITY' }),
    },
  ],
  pskKey: [
    {
      what: 'bytes of a key',
      taken: () => expect(external(3, 512).offered.has(preSharedKey)).toBe(true),
      refused: () => expect(external(3, 513).failure).toMatchObject({ reason: 'BAD_PSK' }),
    },
    {
      what: 'bytes of a key that are not there',
      taken: () => expect(external(3, 1).offered.has(preSharedKey)).toBe(true),
      refused: () => expect(external(3, 0).failure).toMatchObject({ reason: 'BAD_PSK' }),
    },
  ],
  certificateAuthorities: [
    {
      what: 'bytes of names in a ClientHello',
      taken: () => expectConnection(authorities(20_000)),
      refused: () => expectRefusal(authorities(20_001), 'decode_error', 'BAD_EXTENSION'),
    },
  ],
  sessionLifetime: [
    {
      what: 'seconds that a ticket is used, whatever the server says',
      taken: () => expect(offersTicket(10_000_000, SECOND * 604_800 - 1)).toBe(true),
      refused: () => expect(offersTicket(10_000_000, SECOND * 604_800)).toBe(false),
    },
    {
      what: 'seconds that the server said',
      taken: () => expect(offersTicket(100, SECOND * 100 - 1)).toBe(true),
      refused: () => expect(offersTicket(100, SECOND * 100)).toBe(false),
    },
    {
      what: 'seconds that a server promises',
      taken: () => expect(againstServer({ numTickets: 1, sessionTimeout: 604_800 }).handshake().tickets[0]?.lifetime).toBe(604_800),
      refused: () => expect(againstServer({ numTickets: 1, sessionTimeout: 604_801 }).handshake().tickets[0]?.lifetime).toBe(604_800),
    },
  ],
  sessionCache: [
    {
      what: 'sessions, of which the one that was used longest ago goes',
      taken: () => expect(cacheOf(20_480)).toEqual({ size: 20_480, first: true, gone: 0 }),
      refused: () => expect(cacheOf(20_481)).toEqual({ size: 20_480, first: false, gone: 1 }),
    },
  ],
  ticketKeyAge: [
    {
      what: 'seconds that a key seals',
      taken: () => expect(keysAt(86_400 * SECOND - 1)).toEqual({ seals: true, opens: true }),
      refused: () => expect(keysAt(86_400 * SECOND)).toEqual({ seals: false, opens: true }),
    },
    {
      what: 'seconds that it opens',
      taken: () => expect(keysAt(2 * 86_400 * SECOND - 1)).toEqual({ seals: false, opens: true }),
      refused: () => expect(keysAt(2 * 86_400 * SECOND)).toEqual({ seals: false, opens: false }),
    },
  ],
  ticketAgeSkew: [
    {
      what: 'seconds that a ticket is older than the client says',
      taken: () => expect(comesBack({ after: 15_000, claims: 5_000 }).text).toBe('early'),
      refused: () => expect(comesBack({ after: 15_001, claims: 5_000 })).toMatchObject({ text: '', failure: undefined }),
    },
    {
      what: 'seconds that a ticket is younger than the client says',
      taken: () => expect(comesBack({ after: 5_000, claims: 15_000 }).text).toBe('early'),
      refused: () => expect(comesBack({ after: 5_000, claims: 15_001 })).toMatchObject({ text: '', failure: undefined }),
    },
  ],
  earlyDataSkipped: [
    skipped('bytes in few records', 16_384),
    skipped('bytes in many records', 100),
    skipped('bytes before a second ClientHello', 8_000, { groups: ['P-256'] }),
    {
      what: 'bytes of early data that the ticket allows',
      taken: () =>
        expect(comesBack({ after: 0, claims: 0, budget: 5, sends: 'early' })).toMatchObject({ text: 'early', failure: undefined }),
      refused: () =>
        expectRefusal(comesBack({ after: 0, claims: 0, budget: 4, sends: 'early' }), 'unexpected_message', 'TOO_MUCH_EARLY_DATA'),
    },
  ],
  retryCookieAge: [
    {
      what: 'seconds that a cookie holds',
      taken: () => expect(cookieAfter(60)).toBe(1),
      refused: () => expect(cookieAfter(61)).toBe(2),
    },
  ],
  alpnName: [
    settable('bytes of a protocol', 255, (length) => clientContext({ alpnProtocols: ['x'.repeat(length)] })),
    {
      what: 'bytes of a protocol that are not there',
      taken: () => expect(clientContext({ alpnProtocols: ['x'] })).toBeDefined(),
      refused: () => expect(() => clientContext({ alpnProtocols: [''] })).toThrow(),
    },
  ],
  serverName: [
    settable('bytes of a name to ask for', 255, (length) => new Ssl(clientContext()).set('serverName', 'x'.repeat(length))),
    {
      what: 'bytes of a name that is asked for',
      taken: () => expectConnection(named(255)),
      refused: () => expectRefusal(named(256), 'unrecognized_name', 'SSL3_EXT_INVALID_SERVERNAME'),
    },
  ],
  extensions: [
    {
      what: 'extensions of a ClientHello',
      taken: () => expectConnection(extended(100)),
      refused: () => expectRefusal(extended(101), 'decode_error', 'BAD_EXTENSION'),
    },
  ],
};

function ticketsKept(sent: number): number {
  let kept = 0;
  const count = (): void => {
    kept++;
  };
  expectConnection(
    times(
      sent,
      () => againstClient({ newSessionCallback: count }).handshake(),
      (peer) => peer.step('NST'),
    ),
  );
  return kept;
}

function authorities(bytes: number): ClientPeer {
  const body = build((w) => {
    w.vec16((list) => {
      for (let left = bytes - 2; left > 0; left -= 1000) list.vec16(new Uint8Array(Math.min(1000, left) - 2));
    });
  });
  expect(body.length).toBe(bytes);
  const peer = againstServer();
  peer.edits = { CH: appending<ClientHello>(certificateAuthorities.id, body) };
  return peer.handshake();
}

function cacheOf(count: number): { readonly size: number; readonly first: boolean; readonly gone: number } {
  let gone = 0;
  const cache = new SessionCache(() => {
    gone++;
  });
  const idOf = (i: number): Uint8Array => build((w) => w.u32(i));
  for (let i = 0; i < count; i++) cache.add(new SslSession({ id: idOf(i), createdAt: 0 }), LIMITS.sessionCache.value);
  return { size: cache.size, first: cache.has(idOf(0)), gone };
}

function keysAt(age: number): { readonly seals: boolean; readonly opens: boolean } {
  const rotating = new RotatingTicketKeys();
  const [key] = rotating.current(provider, 1000);
  const later = rotating.current(provider, 1000 + age);
  return { seals: later[0] === key, opens: later.some((other) => other === key) };
}

function named(length: number): ClientPeer {
  const peer = againstServer();
  peer.name = 'x'.repeat(length);
  return peer.handshake();
}

function extended(count: number): ClientPeer {
  const peer = againstServer();
  peer.edits = {
    CH: (hello: ClientHello): ClientHello => ({
      ...hello,
      extensions: [
        ...hello.extensions,
        ...Array.from({ length: count - hello.extensions.length }, (_, i) => ({ type: 0x4000 + i, data: new Uint8Array(0) })),
      ],
    }),
  };
  return peer.handshake();
}

describe.each(Object.entries(BOUNDS))('the limit %s', (_name, bounds) => {
  it.each(bounds)('takes as much as it says: $what', ({ taken }) => taken());
  it.each(bounds)('takes no more: $what', ({ refused }) => refused());
});

describe('the table of limits', () => {
  it('has no row without its test', () => {
    expect([...Object.keys(BOUNDS), ...ELSEWHERE, ...OF_X509].toSorted()).toEqual(Object.keys(LIMITS).toSorted());
  });

  it('can be tightened where it is settable', () => {
    const small = againstServer({ ...asksForCertificate, maxCertList: 10 })
      .play('CH')
      .sendRaw(Uint8Array.of(11, 0, 0, 11));
    expectRefusal(small.turn(), 'illegal_parameter', 'EXCESSIVE_MESSAGE_SIZE');
    const one = new SslContext({ maxPskIdentities: 1 });
    expect(one.get('maxPskIdentities')).toBe(1);
  });

  it('bounds what a client remembers of early data', () => {
    const first = againstClient();
    first.edits = { NST: appending(earlyData.id, Uint8Array.of(0, 0, 0, 9)) };
    const { session } = first.handshake().play('NST').victim;
    const again = againstClient(first.victim.sessionContext, ({ victim }) => victim.setSession(session));
    expect(() => again.victim.writeEarlyData(new Uint8Array(10))).toThrow(expect.objectContaining({ reason: 'TOO_MUCH_EARLY_DATA' }));
    expect(again.victim.writeEarlyData(new Uint8Array(9))).toBe(9);
    expect(readBlock('CH', again.turn().hello?.extensions ?? []).has(earlyData)).toBe(true);
  });
});
