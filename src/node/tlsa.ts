/** TLSA records from the system's resolver (RFC 6698, 1035), over UDP and, for long answers, TCP. */

import { Reader } from '../bytes/reader.ts';
import { build } from '../bytes/writer.ts';
import { TlsFatal } from '../registry/fatal.ts';
import type { TlsaRecord } from '../x509/dane.ts';
import { crypto, fs, net } from './builtins.ts';

export interface TlsaQuery {
  /** `tcp` unless said otherwise: the transport of the service. */
  readonly protocol?: 'tcp' | 'udp' | 'sctp';
  /** Addresses of resolvers, with a port if it is not 53; by default those of /etc/resolv.conf. */
  readonly servers?: readonly { readonly address: string; readonly port?: number }[];
  /** Milliseconds for each server; 5000. */
  readonly timeout?: number;
}

export interface TlsaAnswer {
  /**
   * The resolver says that DNSSEC vouches for the answer (AD). That is worth as much as the resolver and the way to it are: ask
   * one on this machine (RFC 6698, A.3). Records of an answer that is not authenticated must not be used.
   */
  readonly authenticated: boolean;
  readonly records: readonly TlsaRecord[];
  /** `NOERROR`, `NXDOMAIN`, `SERVFAIL` … A failure is not the absence of records: whoever wants DANE must not go on without (RFC 7672, 2.1.1). */
  readonly status: string;
  /** The resolver that answered. */
  readonly server: string;
}

/** Asks for `_port._tcp.host`. Rejects where no resolver answers. */
export async function resolveTlsa(host: string, port: number, query: TlsaQuery = {}): Promise<TlsaAnswer> {
  const { protocol = 'tcp', servers = systemResolvers(), timeout = 5000 } = query;
  const name = `_${port}._${protocol}.${host.replace(/\.$/, '')}`;
  let last: unknown = new Error('no resolver is configured');
  for (const { address, port: at = 53 } of servers.slice(0, MOST_SERVERS)) {
    try {
      return { ...(await ask(name, address, at, timeout)), server: address };
    } catch (error) {
      last = error;
    }
  }
  throw new Error(`no answer about TLSA records of ${name}`, { cause: last });
}

const TLSA = 52;
const CNAME = 5;
const OPT = 41;
const IN = 1;
const DNSSEC_OK = 0x8000;
const FLAGS = { response: 0x8000, truncated: 0x0200, recursionDesired: 0x0100, authenticated: 0x0020 } as const;
const STATUS: readonly string[] = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];
/** Bytes of a UDP answer that need no fragments on any usual path. */
const UDP_SIZE = 1232;
const MOST_SERVERS = 3;
const MOST_RECORDS = 100;
const MOST_ALIASES = 8;

/** resolv.conf(5); this machine where it names nobody. */
function systemResolvers(): NonNullable<TlsaQuery['servers']> {
  let text = '';
  try {
    text = fs.readFileSync('/etc/resolv.conf', 'utf8');
  } catch {
    // No such file: a resolver on this machine is what its absence means.
  }
  const servers = [...text.matchAll(/^nameserver[ \t]+(\S+)/gm)].flatMap(([, address = '']) =>
    net.isIP(address) > 0 ? [{ address }] : [],
  );
  return servers.length > 0 ? servers : [{ address: '127.0.0.1' }];
}

type Answer = Omit<TlsaAnswer, 'server'>;

async function ask(name: string, address: string, port: number, timeout: number): Promise<Answer> {
  const id = crypto.randomInt(0x1_0000);
  const question = build((w) => w.bytes(nameBytes(name)).u16(TLSA).u16(IN));
  const message = build((w) =>
    w
      .u16(id)
      .u16(FLAGS.recursionDesired | FLAGS.authenticated)
      .u16(1)
      .u16(0)
      .u16(0)
      .u16(1)
      .bytes(question)
      // EDNS(0), RFC 6891, 6.1.2: the root's name, our size, extended status and flags, no options.
      .u8(0)
      .u16(OPT)
      .u16(UDP_SIZE)
      .u16(0)
      .u16(DNSSEC_OK)
      .u16(0),
  );
  const isAnswer = (bytes: Uint8Array): boolean => answers(bytes, id, question);
  const short = await overUdp(message, address, port, timeout, isAnswer);
  const long = isTruncated(short) ? await overTcp(message, address, port, timeout) : short;
  if (!isAnswer(long)) throw new Error('an answer to another question');
  return readAnswer(long, name);
}

/** The labels of a name, each with its length (RFC 1035, 3.1). */
function nameBytes(name: string): Uint8Array {
  const labels = name.split('.').map((label) => Buffer.from(label, 'latin1'));
  if (name.length > 253 || labels.some(({ length }) => length === 0 || length > 63)) throw new TypeError(`${name} is no DNS name`);
  return build((w) => {
    for (const label of labels) w.vec8(label);
    w.u8(0);
  });
}

/** Whether it is the answer to this question and not to a guess (RFC 5452, 9.1). */
function answers(bytes: Uint8Array, id: number, question: Uint8Array): boolean {
  if (bytes.length < 12 + question.length) return false;
  const r = new Reader(bytes);
  const sameId = r.u16() === id;
  const isResponse = (r.u16() & FLAGS.response) !== 0;
  const asked = Buffer.from(bytes.subarray(12, 12 + question.length))
    .toString('latin1')
    .toLowerCase();
  return sameId && isResponse && r.u16() === 1 && asked === Buffer.from(question).toString('latin1').toLowerCase();
}

const isTruncated = (bytes: Uint8Array): boolean => ((bytes[2] as number) & (FLAGS.truncated >> 8)) !== 0;

function overUdp(
  message: Uint8Array,
  address: string,
  port: number,
  timeout: number,
  isAnswer: (bytes: Uint8Array) => boolean,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = process.getBuiltinModule('node:dgram').createSocket(net.isIP(address) === 6 ? 'udp6' : 'udp4');
    const timer = setTimeout(() => end(new Error(`${address} does not answer`)), timeout);
    const end = (outcome: Uint8Array | Error): void => {
      clearTimeout(timer);
      socket.close();
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    };
    socket.once('error', end);
    socket.on('message', (bytes, { port: from }) => {
      // Anybody can send datagrams: one that is not the answer is passed over.
      if (from === port && isAnswer(bytes)) {
        socket.removeAllListeners('message');
        end(bytes);
      }
    });
    socket.send(message, port, address, (error) => error && end(error));
  });
}

/** RFC 1035, 4.2.2: a length of two bytes before each message. */
function overTcp(message: Uint8Array, address: string, port: number, timeout: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: address, port });
    const timer = setTimeout(() => socket.destroy(new Error(`${address} does not answer`)), timeout);
    let received = Buffer.alloc(0);
    socket.once('close', () => {
      clearTimeout(timer);
      reject(new Error(`${address} ended the connection`));
    });
    socket.once('error', reject);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const length = received.length < 2 ? Number.POSITIVE_INFINITY : received.readUInt16BE(0);
      if (received.length < 2 + length) return;
      resolve(received.subarray(2, 2 + length));
      socket.destroy();
    });
    socket.end(build((w) => w.vec16(message)));
  });
}

function readAnswer(bytes: Uint8Array, name: string): Answer {
  try {
    return parseAnswer(bytes, name);
  } catch (error) {
    if (error instanceof TlsFatal) throw new Error('a malformed answer', { cause: error });
    throw error;
  }
}

interface Resource {
  readonly owner: string;
  readonly type: number;
  readonly data: Uint8Array;
  /** Where the data stand: names in them may point back. */
  readonly at: number;
}

function parseAnswer(bytes: Uint8Array, name: string): Answer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = view.getUint16(2);
  const count = view.getUint16(6);
  if (count > MOST_RECORDS) throw new Error(`${count} records`);
  const resources: Resource[] = [];
  let at = readDomain(bytes, 12).end + 4;
  for (let i = 0; i < count; i++) {
    const { text: owner, end } = readDomain(bytes, at);
    const r = new Reader(bytes.subarray(end));
    const type = r.u16();
    const dataClass = r.u16();
    r.u32();
    const data = r.vec16();
    at = end + 10 + data.length;
    if (dataClass === IN) resources.push({ owner, type, data, at: at - data.length });
  }
  const final = lastAlias(bytes, resources, name.toLowerCase());
  const records = resources
    .filter(({ owner, type, data }) => owner === final && type === TLSA && data.length > 3)
    .map(({ data }) => tlsaOf(data));
  const code = flags & 0xf;
  return { authenticated: (flags & FLAGS.authenticated) !== 0, records, status: STATUS[code] ?? `RCODE ${code}` };
}

/** The name at the end of the aliases: records of other names are not what was asked for (RFC 7671, 7). */
function lastAlias(bytes: Uint8Array, resources: readonly Resource[], first: string): string {
  let name = first;
  for (let i = 0; i < MOST_ALIASES; i++) {
    const alias = resources.find(({ owner, type }) => owner === name && type === CNAME);
    if (alias === undefined) break;
    name = readDomain(bytes, alias.at).text;
  }
  return name;
}

/** RFC 1035, 4.1.4: a pointer goes back, always, so that there is an end. */
function readDomain(bytes: Uint8Array, start: number): { readonly text: string; readonly end: number } {
  const labels: string[] = [];
  let at = start;
  let end: number | undefined;
  let before = start;
  for (;;) {
    const length = bytes[at] ?? malformedName();
    if (length >= 0xc0) {
      const target = ((length & 0x3f) << 8) | (bytes[at + 1] ?? malformedName());
      if (target >= before) malformedName();
      end ??= at + 2;
      at = target;
      before = target;
      continue;
    }
    if (length > 63 || at + 1 + length > bytes.length || labels.length > 127) malformedName();
    if (length === 0) return { text: labels.join('.'), end: end ?? at + 1 };
    labels.push(
      Buffer.from(bytes.subarray(at + 1, at + 1 + length))
        .toString('latin1')
        .toLowerCase(),
    );
    at += 1 + length;
  }
}

function malformedName(): never {
  throw new Error('a malformed name');
}

const tlsaOf = (data: Uint8Array): TlsaRecord => ({
  usage: data[0] as number,
  selector: data[1] as number,
  matchingType: data[2] as number,
  data: Uint8Array.from(data.subarray(3)),
});
