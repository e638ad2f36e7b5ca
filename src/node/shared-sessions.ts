/**
 * Sessions that any process or thread of one machine resumes: one of them makes the ticket keys and keeps what is not inside tickets, the others ask it
 * over the channel that `node:cluster`, `node:child_process` and `node:worker_threads` give them. Secrets cross that channel, which is as safe as the process.
 */
import { sameBytes, wipe } from '../bytes/bytes.ts';
import { random } from '../crypto/node-random.ts';
import { LIMITS } from '../registry/limits.ts';
import { SESSION_CACHE } from '../registry/options.ts';
import { decodeSession, encodeSession } from '../session/asn1.ts';
import type { SslSession } from '../session/session.ts';
import type { TicketKey } from '../session/ticket.ts';
import { checkInteger } from './arguments.ts';
import type { FurtherSettings } from './options.ts';

/** One end of a channel: a worker of `node:cluster` or `node:worker_threads`, a child process, `process` in one of them, or `parentPort`. */
export interface SessionChannel {
  on(event: string, listener: (message: unknown) => void): unknown;
  /** Of processes. */
  send?(message: unknown, done: () => void): unknown;
  readonly connected?: boolean;
  /** Of threads. */
  postMessage?(message: unknown): void;
}

export interface SessionKeeperOptions {
  /** Seconds a ticket key seals, 1 to 2,147,483; after them it opens for as long again. 86,400 unless said. */
  readonly rotation?: number | undefined;
  /** Most sessions kept, the oldest goes first; 20,480 unless said. */
  readonly limit?: number | undefined;
}

/** The settings of a server that `sharedSessions` makes. */
export type SharedSettings = Required<
  Pick<FurtherSettings, 'sessionCacheMode' | 'ticketKeyCallback' | 'newSessionCallback' | 'getSessionCallback' | 'allowEarlyDataCallback'>
>;

/** What is said over a channel, apart from what the program says there itself. */
const SUBJECT = 'libssl:sessions';

/** Bytes as Base64, since not every channel carries them. */
type Said =
  | { readonly say: 'hello' }
  | { readonly say: 'keys'; readonly keys: readonly { readonly name: string; readonly key: string }[] }
  | { readonly say: 'store'; readonly id: string; readonly session: string; readonly until: number }
  /** `take`: the session is struck off, and only the first who asks is told that it was there. */
  | { readonly say: 'find' | 'take'; readonly id: string; readonly question: number }
  | { readonly say: 'answer'; readonly question: number; readonly session: string | undefined };

interface Stored {
  readonly session: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** Seconds that a timer of the runtime can wait. */
const LONGEST_ROTATION = 2_147_483;
const KEY_NAME_LENGTH = 16;
const KEY_LENGTH = 32;
/** Which of the keys is the one that sealed before. */
const PREVIOUS = 2;

/**
 * Makes ticket keys, changes them, and keeps the sessions whose tickets are references: those of TLS 1.2 clients without tickets, and those with early data.
 * Every key is known to all workers one rotation before it seals, so that no ticket meets a worker that cannot open it yet.
 */
export class SessionKeeper {
  /** The one that seals, the next one, the one before; all open. */
  private keys: readonly TicketKey[] = [newKey(), newKey()];
  private readonly sessions = new Map<string, Stored>();
  private readonly workers = new Set<SessionChannel>();
  private readonly limit: number;
  private readonly timer: NodeJS.Timeout;

  constructor({ rotation = LIMITS.ticketKeyAge.value, limit = LIMITS.sessionCache.value }: SessionKeeperOptions = {}) {
    checkInteger('options.rotation', rotation, 1, LONGEST_ROTATION);
    checkInteger('options.limit', limit, 0, Number.MAX_SAFE_INTEGER);
    this.limit = limit;
    this.timer = setInterval(() => this.rotate(), 1000 * rotation).unref();
  }

  /** How many sessions are kept. */
  get size(): number {
    return this.sessions.size;
  }

  /** Takes a worker in, as soon as it is made; one that ends is forgotten. */
  add(worker: SessionChannel): void {
    this.workers.add(worker);
    for (const end of ENDS) worker.on(end, () => this.workers.delete(worker));
    worker.on('message', (message) => {
      const said = saidIn(message);
      if (said !== undefined) this.hear(worker, said);
    });
  }

  /** Changes the keys now: the next one seals, a new one is told, and what the last but one sealed is lost. What expired is dropped. */
  rotate(): void {
    const [sealing, next, previous] = this.keys;
    if (previous !== undefined) wipe(previous.key);
    this.keys = [next, newKey(), sealing].filter((key) => key !== undefined);
    for (const worker of this.workers) this.tellKeys(worker);
    const now = Date.now();
    for (const [id, { until }] of this.sessions) if (until <= now) this.sessions.delete(id);
  }

  /** Forgets keys and sessions, and changes no more. */
  close(): void {
    clearInterval(this.timer);
    this.workers.clear();
    this.sessions.clear();
    for (const { key } of this.keys) wipe(key);
  }

  private hear(worker: SessionChannel, said: Said): void {
    if (said.say === 'hello') this.tellKeys(worker);
    if (said.say === 'store') this.store(said.id, said);
    if (said.say !== 'find' && said.say !== 'take') return;
    const session = this.find(said.id);
    if (said.say === 'take') this.sessions.delete(said.id);
    tell(worker, { say: 'answer', question: said.question, session });
  }

  private tellKeys(worker: SessionChannel): void {
    tell(worker, { say: 'keys', keys: this.keys.map(({ name, key }) => ({ name: toBase64(name), key: toBase64(key) })) });
  }

  private store(id: string, { session, until }: Stored): void {
    this.sessions.set(id, { session, until });
    for (const oldest of this.sessions.keys()) {
      if (this.sessions.size <= this.limit) break;
      this.sessions.delete(oldest);
    }
  }

  private find(id: string): string | undefined {
    const stored = this.sessions.get(id);
    if (stored === undefined || stored.until > Date.now()) return stored?.session;
    this.sessions.delete(id);
    return undefined;
  }
}

/**
 * In a worker: settings for `ssl` of `createServer` and `createSecureContext`, the same ones for all servers of the worker, once the keeper said its keys.
 * `channel` is `process` where a process was forked, and `parentPort` in a thread. Without the keeper handshakes are full ones.
 */
export async function sharedSessions(channel: SessionChannel): Promise<SharedSettings> {
  const member = new Member(channel);
  await member.ready;
  return {
    sessionCacheMode: SESSION_CACHE.SERVER | SESSION_CACHE.NO_INTERNAL,
    ticketKeyCallback: (_ssl, name) => member.keyOf(name),
    newSessionCallback: (_ssl, session) => member.store(session),
    getSessionCallback: (_ssl, id) => member.find(id),
    // RFC 9846, 8.1: single use is single use in all workers together.
    allowEarlyDataCallback: ({ session }) => session !== undefined && member.take(session),
  };
}

class Member {
  /** When the first keys are there. */
  readonly ready: Promise<void>;
  private keys: readonly TicketKey[] = [];
  private readonly channel: SessionChannel;
  private readonly questions = new Map<number, (session: string | undefined) => void>();
  private asked = 0;
  private ended = false;

  constructor(channel: SessionChannel) {
    this.channel = channel;
    this.ready = new Promise((resolve) => {
      channel.on('message', (message) => {
        const said = saidIn(message);
        if (said?.say === 'answer') this.settle(said.question, said.session);
        if (said?.say !== 'keys') return;
        this.replaceKeys(said.keys.map(({ name, key }) => ({ name: fromBase64(name), key: fromBase64(key) })));
        resolve();
      });
    });
    for (const end of ENDS) channel.on(end, () => this.end());
    tell(channel, { say: 'hello' });
  }

  /** Without a name the key that seals. Tickets of the one before are replaced. */
  keyOf(name: Uint8Array | undefined): (TicketKey & { readonly renew: boolean }) | undefined {
    const index = name === undefined ? 0 : this.keys.findIndex((one) => sameBytes(one.name, name));
    const key = this.keys[index];
    return key && { ...key, renew: index === PREVIOUS };
  }

  /** A session that its ticket carries needs no keeper: it has a ticket of its own, where the others have their id or none. */
  store(session: SslSession): void {
    const { data } = session;
    if (data.id.length === 0 || (data.ticket.length > 0 && !sameBytes(data.ticket, data.id)) || this.isAlone) return;
    const until = data.createdAt + 1000 * data.timeout;
    tell(this.channel, { say: 'store', id: toBase64(data.id), session: toBase64(encodeSession(session)), until });
  }

  async find(id: Uint8Array): Promise<SslSession | undefined> {
    const session = await this.ask('find', id);
    return session === undefined ? undefined : decodeSession(fromBase64(session));
  }

  async take({ data }: SslSession): Promise<boolean> {
    return (await this.ask('take', data.id)) !== undefined;
  }

  private ask(say: 'find' | 'take', id: Uint8Array): Promise<string | undefined> {
    return new Promise((resolve) => {
      if (this.isAlone) return resolve(undefined);
      const question = ++this.asked;
      this.questions.set(question, resolve);
      tell(this.channel, { say, id: toBase64(id), question });
    });
  }

  private settle(question: number, session: string | undefined): void {
    this.questions.get(question)?.(session);
    this.questions.delete(question);
  }

  private replaceKeys(keys: readonly TicketKey[]): void {
    for (const { key } of this.keys) wipe(key);
    this.keys = keys;
  }

  private get isAlone(): boolean {
    return this.ended || this.channel.connected === false;
  }

  /** Nobody answers any more. */
  private end(): void {
    this.ended = true;
    for (const question of [...this.questions.keys()]) this.settle(question, undefined);
  }
}

/** How the ends of a channel hear that the other is gone: 'close' of ports, 'disconnect' of processes, 'exit' of workers. */
const ENDS = ['close', 'disconnect', 'exit'];

const newKey = (): TicketKey => ({ name: random(KEY_NAME_LENGTH), key: random(KEY_LENGTH) });

function tell(channel: SessionChannel, said: Said): void {
  const message = { [SUBJECT]: said };
  if (channel.postMessage !== undefined) channel.postMessage(message);
  // Whoever is gone is not told: without a callback that would be an 'error' event.
  else channel.send?.(message, () => undefined);
}

/** What a message says about sessions, if it does. Both ends of the channel are this program's own. */
const saidIn = (message: unknown): Said | undefined =>
  typeof message === 'object' && message !== null && SUBJECT in message ? (message[SUBJECT] as Said) : undefined;

const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
const fromBase64 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));
