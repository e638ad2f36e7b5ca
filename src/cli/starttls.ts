import { toHex, utf8 } from '../bytes/bytes.ts';
import { usage } from './arguments.ts';
import type { PlainDialogue } from './plain-dialogue.ts';

/** Brings a peer that speaks another protocol to the point where TLS begins. `name` is who we say we are, or whom we mean. */
type Prelude = (peer: PlainDialogue, name: string) => Promise<void>;

/** The protocols of `s_client -starttls` (openssl-s_client(1)), each with what it is specified in. */
const PRELUDES: Readonly<Record<string, Prelude>> = {
  smtp: mail('EHLO'),
  lmtp: mail('LHLO'),
  /** RFC 2595, 4. */
  async pop3(peer) {
    peer.demand(await peer.line(), /^\+OK/);
    peer.say('STLS\r\n');
    peer.demand(await peer.line(), /^\+OK/);
  },
  /** RFC 9051, 6.2.1. */
  async imap(peer) {
    peer.demand(await peer.line(), /^\* (OK|PREAUTH)/i);
    peer.say('. STARTTLS\r\n');
    const answer = await peer.linesTo(/^\. /);
    peer.demand(answer.at(-1) ?? '', /^\. OK/i);
  },
  /** RFC 4217, 4. */
  async ftp(peer) {
    await peer.linesTo(/^220 /);
    peer.say('AUTH TLS\r\n');
    peer.demand((await peer.linesTo(/^\d{3} /)).at(-1) ?? '', /^234 /);
  },
  xmpp: jabber('jabber:client'),
  'xmpp-server': jabber('jabber:server'),
  /** The STARTTLS of IRC servers: 670 is RPL_STARTTLS, 691 ERR_STARTTLS, 421 and 451 are older servers'. */
  async irc(peer) {
    peer.say('STARTTLS\r\n');
    const answer = await peer.linesTo(/^(?::\S+ )?(?:421|451|670|691) /);
    peer.demand(answer.at(-1) ?? '', /^(?::\S+ )?670 /);
  },
  /** RFC 4642, 2.2. */
  async nntp(peer) {
    peer.demand(await peer.line(), /^20[01] /);
    peer.say('STARTTLS\r\n');
    peer.demand(await peer.line(), /^382 /);
  },
  /** RFC 5804, 2.2. */
  async sieve(peer) {
    await peer.linesTo(/^OK\b/i);
    peer.say('STARTTLS\r\n');
    peer.demand(await peer.line(), /^OK\b/i);
  },
  /** SSLRequest of PostgreSQL's frontend protocol: length 8, code 80877103. */
  async postgres(peer) {
    peer.say(Uint8Array.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f));
    peer.demand(String.fromCharCode(...(await peer.bytes(1))), /^S$/);
  },
  mysql,
  ldap,
};

export const STARTTLS_PROTOCOLS: readonly string[] = Object.keys(PRELUDES);

/** Speaks a protocol until TLS begins; rejects where the peer refuses. */
export async function startTls(protocol: string, peer: PlainDialogue, name: string): Promise<void> {
  const prelude = Object.hasOwn(PRELUDES, protocol) ? PRELUDES[protocol] : undefined;
  if (prelude === undefined) return usage(`-starttls knows ${STARTTLS_PROTOCOLS.join(', ')}, not "${protocol}"`);
  await prelude(peer, name);
}

/** RFC 3207, and RFC 2033 for LMTP. */
function mail(greeting: string): Prelude {
  return async (peer, name) => {
    peer.demand((await peer.linesTo(/^\d{3} /)).at(-1) ?? '', /^220 /);
    peer.say(`${greeting} ${name}\r\n`);
    peer.demand((await peer.linesTo(/^\d{3} /)).at(-1) ?? '', /^250 /);
    peer.say('STARTTLS\r\n');
    peer.demand((await peer.linesTo(/^\d{3} /)).at(-1) ?? '', /^220 /);
  };
}

/** RFC 6120, 5.4. */
function jabber(namespace: string): Prelude {
  const tls = 'urn:ietf:params:xml:ns:xmpp-tls';
  return async (peer, name) => {
    const to = name.replace(/[<>&'"]/g, '');
    peer.say(`<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='${namespace}' to='${to}' version='1.0'>`);
    await peer.textWith(/<\/stream:features>/);
    peer.say(`<starttls xmlns='${tls}'/>`);
    peer.demand(await peer.textWith(/<(proceed|failure)[^>]*>/), /<proceed/);
  };
}

/** Capability bit CLIENT_SSL of MySQL's protocol. */
const CLIENT_SSL = 0x0800;

/** The server's handshake packet, version 10, and the SSL request packet that answers it. */
async function mysql(peer: PlainDialogue): Promise<void> {
  const [low = 0, middle = 0, high = 0] = await peer.bytes(4);
  const greeting = await peer.bytes(low | (middle << 8) | (high << 16));
  // A version byte, its text with a zero behind, a thread id, eight bytes of salt and a zero stand before the capabilities.
  const at = greeting.indexOf(0, 1) + 1 + 4 + 8 + 1;
  const capabilities = (greeting[at] ?? 0) | ((greeting[at + 1] ?? 0) << 8);
  if (greeting[0] !== 10 || (capabilities & CLIENT_SSL) === 0) peer.refuse(toHex(greeting.subarray(0, 80)));
  const request = new Uint8Array(36);
  // Length 32, sequence 1; CLIENT_PROTOCOL_41, CLIENT_SSL, CLIENT_SECURE_CONNECTION; packets of 16 MiB; utf8.
  request.set([32, 0, 0, 1, 0x85, 0xae, 0x7f, 0, 0, 0, 0, 1, 0x21]);
  peer.say(request);
}

/** The StartTLS extended operation (RFC 4511, 4.14). */
async function ldap(peer: PlainDialogue): Promise<void> {
  const oid = utf8('1.3.6.1.4.1.1466.20037');
  peer.say(Uint8Array.of(0x30, oid.length + 7, 0x02, 1, 1, 0x77, oid.length + 2, 0x80, oid.length, ...oid));
  const [tag = 0, first = 0] = await peer.bytes(2);
  const more = first < 0x80 ? [first] : [...(await peer.bytes(Math.min(first & 0x7f, 4)))];
  const answer = await peer.bytes(more.reduce((length, byte) => (length << 8) | byte, 0) & 0xffff);
  // messageID 1, ExtendedResponse, then resultCode: an ENUMERATED of 0 is success.
  if (tag !== 0x30) peer.refuse(`tag ${tag}`);
  peer.demand(toHex(answer), /^02010178(?:[0-7].|81..|82.{4}|83.{6}|84.{8})0a0100/);
}
