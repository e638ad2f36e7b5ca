/** Sealed ClientHellos of ill will, and a server that has the key (RFC 9849, 5.1 and 7.1). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, EMPTY, toHex } from '../../src/bytes/bytes.ts';
import { build } from '../../src/bytes/writer.ts';
import { type HpkeSender, hpkeSender } from '../../src/crypto/hpke.ts';
import { nodeProvider } from '../../src/crypto/node.ts';
import {
  ALERTS,
  type AlertName,
  EchKeys,
  MemBio,
  makeEchKey,
  type Reason,
  Ssl,
  type SslContextOptions,
  TlsFatal,
} from '../../src/index.ts';
import { type ClientHello, clientHello } from '../../src/wire/client-hello.ts';
import { decodeMessage, encodeMessage, type RawExtension } from '../../src/wire/message.ts';
import { serverHello } from '../../src/wire/server-hello.ts';
import { clientContext, serverContext } from '../support/connect.ts';
import { SEED } from './seed.ts';

const key = makeEchKey({ publicName: 'public.example', configId: 42 });
const keys = new EchKeys([key]);
const ECH = 0xfe0d;
const OUTER_EXTENSIONS = 0xfd00;
/** Milliseconds that a slow machine may take for many of these. */
const SLOW = 60_000;
const INNER: RawExtension = { type: ECH, data: Uint8Array.of(1) };

/** A good ClientHello of TLS 1.3; without a share it asks for a retry. */
function goodHello(options: SslContextOptions = {}): ClientHello {
  const client = new Ssl(clientContext({ minProtoVersion: 'TLSv1.3', ...options }));
  const bio = new MemBio();
  client.set('serverName', 'server.example').setBio(new MemBio(), bio).doHandshake();
  const record = bio.read(65_536);
  if (!(record instanceof Uint8Array)) throw new Error('no ClientHello');
  return decodeMessage(clientHello, record.slice(5)).value;
}

const GOOD = goodHello();

function sender(): HpkeSender {
  const info = concat(new TextEncoder().encode('tls ech\0'), key.config.raw);
  const made = hpkeSender(nodeProvider, key.kem, { kdf: 1, aead: 1 }, key.config.publicKey, info);
  if (made === undefined || made instanceof Promise) throw new Error('no context');
  return made;
}

/** A hello as it is sealed: without its session id and its header. */
const encoded = (hello: ClientHello, padding: Uint8Array = EMPTY): Uint8Array =>
  concat(encodeMessage(clientHello, { ...hello, legacySessionId: EMPTY }).subarray(4), padding);

interface Sealed {
  readonly config?: number;
  readonly suite?: readonly [kdf: number, aead: number];
  readonly enc?: Uint8Array;
  /** Changes the sealed bytes. */
  readonly payload?: (payload: Uint8Array) => Uint8Array;
}

/** The envelope of `content`: GOOD with the extension at its end. */
function envelope(context: HpkeSender, content: Uint8Array, outer: ClientHello = GOOD, how: Sealed = {}): Uint8Array {
  const { config = 42, suite = [1, 1], enc = context.enc, payload: change = (payload: Uint8Array) => payload } = how;
  const message = (payload: Uint8Array): Uint8Array => {
    const data = build((w) => w.u8(0).u16(suite[0]).u16(suite[1]).u8(config).vec16(enc).vec16(payload));
    return encodeMessage(clientHello, { ...outer, extensions: [...outer.extensions, { type: ECH, data }] });
  };
  const aad = message(new Uint8Array(content.length + 16)).subarray(4);
  return message(change(context.seal(aad, content)));
}

/** A server, and what it says to messages in a record each. */
class Victim {
  readonly ssl: Ssl;
  private readonly input: MemBio = new MemBio();
  private readonly output: MemBio = new MemBio();

  constructor(options: SslContextOptions = { echKeys: keys }) {
    this.ssl = new Ssl(serverContext(options)).setBio(this.input, this.output);
  }

  send(message: Uint8Array): this {
    for (let at = 0; at < message.length; at += 16_384)
      this.input.write(
        build((w) =>
          w
            .u8(22)
            .u16(0x0301)
            .vec16(message.subarray(at, at + 16_384)),
        ),
      );
    try {
      this.ssl.doHandshake();
    } catch (error) {
      if (!(error instanceof TlsFatal)) throw error;
    }
    return this;
  }

  /** Alert and reason of the failure, which the alert on the wire has to be; `accepted` or `declined` where there is none. */
  get verdict(): readonly [AlertName, Reason] | 'accepted' | 'declined' {
    const { failure } = this.ssl;
    if (failure === undefined) return this.ssl.echAccepted ? 'accepted' : 'declined';
    if (!(failure instanceof TlsFatal)) throw failure;
    let sent: Uint8Array = EMPTY;
    for (let chunk = this.output.read(65_536); chunk instanceof Uint8Array; chunk = this.output.read(65_536)) sent = concat(sent, chunk);
    expect(toHex(sent.subarray(-2))).toBe(toHex(Uint8Array.of(2, ALERTS[failure.alert])));
    return [failure.alert, failure.reason];
  }
}

const inner = (extensions: readonly RawExtension[]): ClientHello => ({ ...GOOD, random: new Uint8Array(32).fill(7), extensions });
const withInner = (...more: readonly RawExtension[]): ClientHello => inner([...GOOD.extensions, INNER, ...more]);
const outerTypes = (...types: readonly number[]): RawExtension => ({
  type: OUTER_EXTENSIONS,
  data: build((w) =>
    w.vec8((list) => {
      for (const type of types) list.u16(type);
    }),
  ),
});
const without = (...types: readonly number[]): readonly RawExtension[] => GOOD.extensions.filter(({ type }) => !types.includes(type));

const verdictOf = (content: Uint8Array, how?: Sealed, outer?: ClientHello): Victim['verdict'] =>
  new Victim().send(envelope(sender(), content, outer, how)).verdict;

const TYPES = GOOD.extensions.map(({ type }) => type);
const SHARED = TYPES.filter((type) => type !== 0);
const bad = (reason: Reason, alert: AlertName = 'illegal_parameter'): readonly [AlertName, Reason] => [alert, reason];

describe('the content of an envelope', () => {
  it('is the hello that counts', () => expect(verdictOf(encoded(withInner()))).toBe('accepted'));

  it('may leave out what stands in the envelope, in its order', () => {
    expect(verdictOf(encoded(inner([...without(...SHARED), INNER, outerTypes(...SHARED)])))).toBe('accepted');
    // Not every extension of the envelope has to be one of them.
    const some = SHARED.filter((_, i) => i % 2 === 0);
    expect(verdictOf(encoded(inner([...without(...some), INNER, outerTypes(...some)])))).toBe('accepted');
  });

  it.each<[string, readonly RawExtension[]]>([
    ['in another order', [...without(...SHARED), INNER, outerTypes(...SHARED.toReversed())]],
    ['of one type twice', [...without(...SHARED), INNER, outerTypes(...SHARED, SHARED.at(-1) ?? 0)]],
    ['to the envelope itself', [...without(51), INNER, outerTypes(51, ECH)]],
    ['to what is not there', [...GOOD.extensions, INNER, outerTypes(0x7777)]],
    ['to references', [...GOOD.extensions, INNER, outerTypes(OUTER_EXTENSIONS)]],
    ['in a second list, back', [...without(10, 51), INNER, outerTypes(51), outerTypes(10)]],
  ])('has no references %s', (_what, extensions) => expect(verdictOf(encoded(inner(extensions)))).toEqual(bad('INVALID_OUTER_EXTENSION')));

  it('has no references where they stand on the wire', () => {
    const outer = { ...GOOD, extensions: [...GOOD.extensions, outerTypes(51)] };
    expect(verdictOf(encoded(inner([...GOOD.extensions, INNER, outerTypes(OUTER_EXTENSIONS)])), {}, outer)).toEqual(
      bad('INVALID_OUTER_EXTENSION'),
    );
    expect(new Victim().send(encodeMessage(clientHello, outer)).verdict).toEqual(bad('BAD_EXTENSION'));
  });

  it.each<[string, RawExtension]>([
    ['an empty list', { type: OUTER_EXTENSIONS, data: Uint8Array.of(0) }],
    ['half a type', { type: OUTER_EXTENSIONS, data: Uint8Array.of(1, 0) }],
    ['a byte too many', { type: OUTER_EXTENSIONS, data: Uint8Array.of(2, 0, 10, 0) }],
  ])('is decode_error with %s of references', (_what, extension) => {
    const [alert] = verdictOf(encoded(withInner(extension)));
    expect(alert).toBe('decode_error');
  });

  it.each<[string, ClientHello]>([
    ['says nothing of an envelope', inner(GOOD.extensions)],
    ['is an envelope itself', inner([...GOOD.extensions, { type: ECH, data: concat(Uint8Array.of(0, 0, 1, 0, 1, 42, 0, 0, 0, 1, 9)) }])],
    ['speaks of TLS 1.2', inner([...without(43), { type: 43, data: Uint8Array.of(4, 3, 4, 3, 3) }, INNER])],
    ['speaks of no version', inner([...without(43), INNER])],
    ['has no extensions', inner([])],
  ])('is not taken where it %s', (_what, hello) => expect(verdictOf(encoded(hello))).toEqual(bad('INVALID_CLIENT_HELLO_INNER')));

  it('is padded with zeros', () => {
    expect(verdictOf(encoded(withInner(), new Uint8Array(100)))).toBe('accepted');
    for (const at of [0, 50, 99]) {
      const padding = new Uint8Array(100);
      padding[at] = 1;
      expect(verdictOf(encoded(withInner(), padding))).toEqual(bad('INVALID_CLIENT_HELLO_INNER'));
    }
  });

  it('has no session id of its own', () => {
    const own = encodeMessage(clientHello, { ...withInner(), legacySessionId: Uint8Array.of(1) }).subarray(4);
    expect(verdictOf(own)).toEqual(bad('INVALID_CLIENT_HELLO_INNER'));
  });

  it('has no extension twice', () => {
    expect(verdictOf(encoded(withInner(INNER)))).toEqual(bad('BAD_EXTENSION'));
    expect(verdictOf(encoded(withInner({ type: 0x7777, data: EMPTY }, { type: 0x7777, data: EMPTY })))).toEqual(bad('BAD_EXTENSION'));
  });

  it(
    'ends a connection with an alert or is taken, whatever it is',
    () => {
      const good = encoded(withInner(outerTypes(51)));
      const content = fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, byte]) => good.map((old, i) => (i === at ? byte : old))),
        fc.nat(good.length).map((length) => good.subarray(0, length)),
      );
      const judged = fc.property(content, (bytes) => {
        const verdict = verdictOf(bytes);
        if (typeof verdict === 'string') return;
        expect(verdict[0]).not.toBe('internal_error');
      });
      fc.assert(judged, { numRuns: 150, seed: SEED });
    },
    SLOW,
  );
});

describe('an envelope', () => {
  it.each<[string, Sealed]>([
    ['for another id', { config: 43 }],
    ['under a suite that was not published', { suite: [2, 1] }],
    ['under another suite', { suite: [1, 2] }],
    ['with a key that is cut', { enc: new Uint8Array(31) }],
    ['without a key', { enc: EMPTY }],
    ['with a point of low order', { enc: new Uint8Array(32) }],
    ['that was changed', { payload: (payload) => payload.map((byte, i) => (i === 3 ? byte ^ 1 : byte)) }],
    ['that is shorter than a tag', { payload: (payload) => payload.subarray(0, 15) }],
  ])('%s stays closed, and the open hello counts', (_what, how) => expect(verdictOf(encoded(withInner()), how)).toBe('declined'));

  it('stays closed where anything around it was changed', () => {
    const raw = envelope(sender(), encoded(withInner()));
    // The last byte of the random.
    raw[37] = (raw[37] as number) ^ 1;
    expect(new Victim().send(raw).verdict).toBe('declined');
  });

  it.each<[string, Uint8Array, readonly [AlertName, Reason] | AlertName]>([
    ['of another type', Uint8Array.of(2), bad('BAD_EXTENSION')],
    ['without its content', Uint8Array.of(1), bad('INVALID_CLIENT_HELLO_INNER')],
    ['of nothing', EMPTY, 'decode_error'],
    ['cut short', Uint8Array.of(0, 0, 1), 'decode_error'],
    ['with an empty payload', Uint8Array.of(0, 0, 1, 0, 1, 42, 0, 0, 0, 0), 'decode_error'],
    ['with a byte too many', Uint8Array.of(0, 0, 1, 0, 1, 42, 0, 0, 0, 1, 9, 9), 'decode_error'],
    ['of content with a byte too many', Uint8Array.of(1, 1), 'decode_error'],
  ])('%s is refused', (_what, data, expected) => {
    const raw = encodeMessage(clientHello, { ...GOOD, extensions: [...GOOD.extensions, { type: ECH, data }] });
    const { verdict } = new Victim().send(raw);
    if (typeof expected === 'string') expect(verdict[0]).toBe(expected);
    else expect(verdict).toEqual(expected);
  });

  it('never stands twice', () => {
    const twice = { ...GOOD, extensions: [...GOOD.extensions, { type: ECH, data: Uint8Array.of(1) }] };
    expect(new Victim().send(envelope(sender(), encoded(withInner()), twice)).verdict).toEqual(bad('BAD_EXTENSION'));
  });

  it(
    'is refused or passed over, whatever it is',
    () => {
      const judged = fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom(EMPTY, Uint8Array.of(0), Uint8Array.of(0, 0, 1, 0, 1, 42)),
        (tail, head) => {
          const data = concat(head, tail);
          const { verdict } = new Victim().send(
            encodeMessage(clientHello, { ...GOOD, extensions: [...GOOD.extensions, { type: ECH, data }] }),
          );
          if (typeof verdict === 'string') expect(verdict).toBe('declined');
          else expect(['decode_error', 'illegal_parameter']).toContain(verdict[0]);
        },
      );
      fc.assert(judged, { numRuns: 150, seed: SEED });
    },
    SLOW,
  );
});

describe('a second envelope', () => {
  const BEFORE = goodHello({ keyShares: [], groups: ['X25519'] });
  const AFTER = { ...BEFORE, extensions: goodHello({ groups: ['X25519'] }).extensions };
  const first = inner([...BEFORE.extensions, INNER]);
  const second = inner([...AFTER.extensions, INNER]);

  function retried(how: Sealed & { readonly outer?: ClientHello; readonly content?: ClientHello } = {}): Victim['verdict'] {
    const context = sender();
    const victim = new Victim().send(envelope(context, encoded(first), BEFORE));
    expect(victim.verdict).toBe('accepted');
    return victim.send(envelope(context, encoded(how.content ?? second), how.outer ?? AFTER, { enc: EMPTY, ...how })).verdict;
  }

  it('goes under the context of the first', () => expect(retried()).toBe('accepted'));

  it.each<[string, Sealed, readonly [AlertName, Reason]]>([
    ['a new key', { enc: new Uint8Array(32).fill(9) }, bad('INVALID_CLIENT_HELLO_AFTER_RETRY')],
    ['another id', { config: 41 }, bad('INVALID_CLIENT_HELLO_AFTER_RETRY')],
    ['another suite', { suite: [1, 3] }, bad('INVALID_CLIENT_HELLO_AFTER_RETRY')],
    ['content that was changed', { payload: (payload) => payload.map((byte) => byte ^ 1) }, bad('DECRYPTION_FAILED', 'decrypt_error')],
  ])('has not %s', (_what, how, expected) => expect(retried(how)).toEqual(expected));

  it('has the hello of the first in it, but for what the retry changed', () => {
    expect(retried({ content: { ...second, random: new Uint8Array(32).fill(8) } })).toEqual(bad('INVALID_CLIENT_HELLO_AFTER_RETRY'));
    expect(retried({ content: inner(AFTER.extensions) })).toEqual(bad('INVALID_CLIENT_HELLO_INNER'));
  });

  it('is there', () => {
    const victim = new Victim().send(envelope(sender(), encoded(first), BEFORE));
    expect(victim.send(encodeMessage(clientHello, AFTER)).verdict).toEqual(bad('MISSING_EXTENSION', 'missing_extension'));
    const open = new Victim().send(envelope(sender(), encoded(first), BEFORE));
    const bare = { ...AFTER, extensions: [...AFTER.extensions, INNER] };
    expect(open.send(encodeMessage(clientHello, bare)).verdict).toEqual(bad('INVALID_CLIENT_HELLO_AFTER_RETRY'));
  });
});

describe('a server behind another one', () => {
  /** The hello of a server that opened the envelope and sent the content on. */
  const forwarded = (hello: ClientHello) => encodeMessage(clientHello, { ...hello, extensions: [...hello.extensions, INNER] });

  it('confirms that it got the content, and has nothing to open', () => {
    const victim = new Victim({}).send(forwarded(GOOD));
    expect([victim.verdict, victim.ssl.failure]).toEqual(['declined', undefined]);
  });

  it('confirms in a retry too, and not to a hello that is none', () => {
    const bare = goodHello({ keyShares: [] });
    const retryOf = (message: Uint8Array): readonly number[] => {
      const output = new MemBio();
      const input = new MemBio();
      const ssl = new Ssl(serverContext()).setBio(input, output);
      input.write(build((w) => w.u8(22).u16(0x0301).vec16(message)));
      ssl.doHandshake();
      const sent = output.read(65_536) as Uint8Array;
      const length = ((sent[3] as number) << 8) | (sent[4] as number);
      return decodeMessage(serverHello, sent.slice(5, 5 + length)).value.extensions.map(({ type }) => type);
    };
    expect(retryOf(forwarded(bare))).toEqual([43, 51, ECH]);
    expect(retryOf(encodeMessage(clientHello, bare))).toEqual([43, 51]);
  });
});
