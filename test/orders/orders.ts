/** The orders in which the messages of one side may come (RFC 9846, figures 1 to 4, 4.6 and D.4), as data. */
import { utf8 } from '../../src/bytes/bytes.ts';
import { VERIFY } from '../../src/registry/options.ts';
import { againstServer, type ClientPeer, type ClientStep } from '../hostile/client-peer.ts';
import type { Peer } from '../hostile/peer.ts';
import { againstClient, type ServerPeer, type ServerStep } from '../hostile/server-peer.ts';
import { testAuthority, testCertificate, testKey } from '../support/pki.ts';

export interface Order<Step extends string> {
  readonly name: string;
  /** One legal order. */
  readonly steps: readonly Step[];
  /** All of them: the names of the messages but for compatibility records, which `isLegal` judges. */
  readonly grammar: RegExp;
  /** A peer whose next message is the first of the order, and its victim. */
  readonly begin: () => Peer & { play(...steps: readonly Step[]): Peer };
}

/** Whether steps are a legal order, or the beginning of one that an end cut short. */
export function isLegal<Step extends string>({ grammar }: Order<Step>, steps: readonly Step[]): boolean {
  const compatibility = steps.flatMap((step, at) => (step === 'CCS' ? [at] : []));
  // RFC 9846, 5: after the first ClientHello and before the peer's Finished; at most two is our limit.
  const last = steps.indexOf('FIN' as Step);
  const early = grammar.source.startsWith('^CH') ? steps.indexOf('CH' as Step) : -1;
  if (compatibility.length > 2 || compatibility.some((at) => at > last || at < early)) return false;
  return grammar.test(steps.filter((step) => step !== 'CCS').join(' '));
}

const PSK = { identity: utf8('an external identity'), key: utf8('a key that both sides know, and nobody else') };
const peerPsk = { identity: PSK.identity, secret: PSK.key, kind: 'external' } as const;
const clientPsk = { pskClientCallback: () => [{ ...PSK, maxEarlyData: 1024 }] };
const serverPsk = { pskServerCallback: () => ({ ...PSK, maxEarlyData: 1024 }) };
const clientCredential = { cert: testCertificate({ key: 'client', subject: 'a client' }), key: testKey('client') };

const withPsk = (peer: Peer): void => {
  peer.psk = peerPsk;
};

/** What a client may get. */
export const SERVER_ORDERS: readonly Order<ServerStep>[] = [
  {
    name: 'a full handshake',
    steps: ['SH', 'EE', 'CT', 'CV', 'FIN', 'DATA'],
    grammar: /^SH EE (CR )?CT CV FIN( (NST|KU|DATA))*$/,
    begin: () => againstClient(),
  },
  {
    name: 'a full handshake with compatibility records',
    steps: ['SH', 'CCS', 'EE', 'CT', 'CCS', 'CV', 'FIN', 'DATA'],
    grammar: /^SH EE (CR )?CT CV FIN( (NST|KU|DATA))*$/,
    begin: () => againstClient(),
  },
  {
    name: 'a HelloRetryRequest',
    steps: ['HRR', 'CCS', 'SH', 'EE', 'CT', 'CV', 'FIN', 'DATA'],
    grammar: /^(HRR )?SH EE (CR )?CT CV FIN( (NST|KU|DATA))*$/,
    begin: () => againstClient(),
  },
  {
    name: 'a request for a certificate',
    steps: ['SH', 'EE', 'CR', 'CT', 'CV', 'FIN', 'DATA'],
    grammar: /^SH EE (CR )?CT CV FIN( (NST|KU|DATA))*$/,
    begin: () => againstClient(clientCredential),
  },
  {
    name: 'a request for a certificate that the client has not',
    steps: ['SH', 'EE', 'CR', 'CT', 'CV', 'FIN', 'DATA'],
    grammar: /^SH EE (CR )?CT CV FIN( (NST|KU|DATA))*$/,
    begin: () => againstClient(),
  },
  {
    name: 'a pre-shared key',
    steps: ['SH', 'EE', 'FIN', 'DATA'],
    grammar: /^SH EE FIN( (NST|KU|DATA))*$/,
    begin: () =>
      againstClient(clientPsk, (peer) => {
        withPsk(peer);
        peer.usePsk = true;
      }),
  },
  {
    name: 'a pre-shared key after a HelloRetryRequest',
    steps: ['HRR', 'SH', 'EE', 'FIN', 'DATA'],
    grammar: /^(HRR )?SH EE FIN( (NST|KU|DATA))*$/,
    begin: () =>
      againstClient(clientPsk, (peer) => {
        withPsk(peer);
        peer.usePsk = true;
      }),
  },
  {
    name: 'a pre-shared key with early data',
    steps: ['SH', 'CCS', 'EE', 'FIN', 'NST', 'DATA'],
    grammar: /^SH EE FIN( (NST|KU|DATA))*$/,
    begin: () =>
      againstClient(clientPsk, (peer: ServerPeer) => {
        withPsk(peer);
        peer.usePsk = true;
        peer.acceptEarlyData = true;
        peer.victim.writeEarlyData(utf8('early'));
      }),
  },
  {
    name: 'what comes after a handshake',
    steps: ['SH', 'EE', 'CT', 'CV', 'FIN', 'NST', 'DATA', 'KU', 'NST', 'KU', 'DATA'],
    grammar: /^SH EE (CR )?CT CV FIN( (NST|KU|DATA))*$/,
    begin: () => againstClient(),
  },
  {
    name: 'a request for a certificate after the handshake',
    steps: ['SH', 'EE', 'CT', 'CV', 'FIN', 'NST', 'PCR', 'KU', 'DATA'],
    grammar: /^SH EE (CR )?CT CV FIN( (NST|KU|DATA|PCR))*$/,
    begin: () => againstClient({ ...clientCredential, postHandshakeAuth: true }),
  },
];

/** What a server may get. */
export const CLIENT_ORDERS: readonly Order<ClientStep>[] = [
  { name: 'a full handshake', steps: ['CH', 'FIN', 'DATA'], grammar: /^CH FIN( (KU|DATA))*$/, begin: () => againstServer() },
  {
    name: 'a full handshake with compatibility records',
    steps: ['CH', 'CCS', 'CCS', 'FIN', 'DATA'],
    grammar: /^CH FIN( (KU|DATA))*$/,
    begin: () => againstServer(),
  },
  {
    name: 'a second ClientHello',
    steps: ['CH', 'CCS', 'CH', 'FIN', 'DATA'],
    grammar: /^CH CH FIN( (KU|DATA))*$/,
    begin: () => againstServer({ groups: ['P-256'] }),
  },
  {
    name: 'a certificate',
    steps: ['CH', 'CT', 'CV', 'FIN', 'DATA'],
    grammar: /^CH (CT CV|CT0) FIN( (KU|DATA))*$/,
    begin: () => againstServer({ ca: testAuthority, verifyMode: VERIFY.PEER }),
  },
  {
    name: 'no certificate',
    steps: ['CH', 'CT0', 'FIN', 'DATA'],
    grammar: /^CH (CT CV|CT0) FIN( (KU|DATA))*$/,
    begin: () => againstServer({ ca: testAuthority, verifyMode: VERIFY.PEER }),
  },
  {
    name: 'a pre-shared key',
    steps: ['CH', 'FIN', 'DATA'],
    grammar: /^CH FIN( (KU|DATA))*$/,
    begin: () => againstServer(serverPsk, withPsk),
  },
  {
    name: 'a pre-shared key with early data',
    steps: ['CH', 'CCS', 'EARLY', 'EARLY', 'EOED', 'FIN', 'DATA'],
    grammar: /^CH (EARLY )*EOED FIN( (KU|DATA))*$/,
    begin: () =>
      againstServer({ ...serverPsk, maxEarlyData: 1024, allowEarlyDataCallback: () => true }, (peer: ClientPeer) => {
        withPsk(peer);
        peer.offersEarlyData = true;
        readsEarlyData(peer);
      }),
  },
  {
    name: 'new keys',
    steps: ['CH', 'FIN', 'DATA', 'KU', 'DATA', 'KU', 'KU', 'DATA'],
    grammar: /^CH FIN( (KU|DATA))*$/,
    begin: () => againstServer(),
  },
  {
    name: 'a certificate after the handshake',
    steps: ['CH', 'FIN', 'DATA', 'PCT', 'PCV', 'PFIN', 'KU', 'DATA'],
    grammar: /^CH FIN( (KU|DATA))*( (PCT PCV|PCT0) PFIN)?( (KU|DATA))*$/,
    begin: asksLater,
  },
  {
    name: 'no certificate after the handshake',
    steps: ['CH', 'FIN', 'KU', 'PCT0', 'PFIN', 'DATA'],
    grammar: /^CH FIN( (KU|DATA))*( (PCT PCV|PCT0) PFIN)?( (KU|DATA))*$/,
    begin: asksLater,
  },
];

/** The server reads early data until there is no more, and goes on as usual. */
export function readsEarlyData(peer: Peer): void {
  const { advance } = peer;
  let ended = false;
  peer.advance = () => {
    if (ended) return advance();
    const data = peer.victim.readEarlyData();
    if (data === undefined) return false;
    if (data === 'finish') ended = true;
    else peer.delivered.push(data);
    return true;
  };
}

/** A server that asks for a certificate as soon as the handshake is over. */
function asksLater(): ClientPeer {
  return againstServer({ ca: testAuthority, verifyMode: VERIFY.PEER | VERIFY.POST_HANDSHAKE }, (peer: ClientPeer) => {
    peer.offersPostHandshakeAuth = true;
    const { advance } = peer;
    let asked = false;
    peer.advance = () => {
      if (!asked && peer.victim.isInitFinished) {
        asked = true;
        peer.victim.verifyClientPostHandshake();
      }
      return advance();
    };
  });
}
