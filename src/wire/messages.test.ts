import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SEED } from '../../test/hostile/seed.ts';
import { concat } from '../bytes/bytes.ts';
import { build } from '../bytes/writer.ts';
import { TlsFatal } from '../registry/fatal.ts';
import { clientHello } from './client-hello.ts';
import { decodeMessage, encodeMessage, type MessageDef, type RawExtension } from './message.ts';
import { HELLO_RETRY_RANDOM, isHelloRetryRequest, serverHello } from './server-hello.ts';
import {
  certificate12,
  certificateRequest12,
  certificateStatus,
  certificateVerify12,
  clientKeyExchange,
  helloRequest,
  newSessionTicket12,
  serverHelloDone,
  serverKeyExchange,
} from './tls12-messages.ts';
import {
  certificate,
  certificateRequest,
  certificateVerify,
  encryptedExtensions,
  endOfEarlyData,
  finished,
  keyUpdate,
  newSessionTicket,
} from './tls13-messages.ts';

const bytes = (minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength, maxLength });
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffff_ffff);
const extensions: fc.Arbitrary<readonly RawExtension[]> = fc.array(fc.record({ type: u16, data: bytes(0, 30) }), { maxLength: 5 });
const random = bytes(32, 32);

interface Row<T> {
  readonly name: string;
  readonly def: MessageDef<string, T>;
  readonly value: fc.Arbitrary<T>;
  /** What a message cut short may still be: one without its optional end, or one whose last part takes all there is. */
  readonly cutShort?: 'no extensions' | 'anything';
}

const row = <T>(name: string, def: MessageDef<string, T>, value: fc.Arbitrary<T>, cutShort?: Row<T>['cutShort']): Row<unknown> =>
  ({ name, def, value, ...(cutShort && { cutShort }) }) as unknown as Row<unknown>;

const ROWS: readonly Row<unknown>[] = [
  row(
    'ClientHello',
    clientHello,
    fc.record({
      legacyVersion: u16,
      random,
      legacySessionId: bytes(0, 32),
      cipherSuites: fc.array(u16, { minLength: 1, maxLength: 10 }),
      legacyCompressionMethods: bytes(1, 3),
      extensions,
    }),
    'no extensions',
  ),
  row(
    'ServerHello',
    serverHello,
    fc.record({
      legacyVersion: u16,
      random,
      legacySessionIdEcho: bytes(0, 32),
      cipherSuite: u16,
      legacyCompressionMethod: fc.nat(255),
      extensions,
    }),
    'no extensions',
  ),
  row('EncryptedExtensions', encryptedExtensions, fc.record({ extensions })),
  row('CertificateRequest', certificateRequest, fc.record({ context: bytes(0, 255), extensions })),
  row(
    'Certificate',
    certificate,
    fc.record({ context: bytes(0, 255), entries: fc.array(fc.record({ data: bytes(1, 50), extensions }), { maxLength: 3 }) }),
  ),
  row('CertificateVerify', certificateVerify, fc.record({ algorithm: u16, signature: bytes(0, 100) })),
  row('Finished', finished, fc.record({ verifyData: bytes(1, 64) }), 'anything'),
  row('EndOfEarlyData', endOfEarlyData, fc.constant({})),
  row(
    'NewSessionTicket',
    newSessionTicket,
    fc.record({ lifetime: u32, ageAdd: u32, nonce: bytes(0, 255), ticket: bytes(1, 100), extensions }),
  ),
  row('KeyUpdate', keyUpdate, fc.record({ requestUpdate: fc.nat(255) })),
  row('HelloRequest', helloRequest, fc.constant({})),
  row('Certificate of TLS 1.2', certificate12, fc.array(bytes(1, 60), { maxLength: 4 })),
  row('CertificateStatus', certificateStatus, bytes(1, 100)),
  row('ServerKeyExchange', serverKeyExchange, bytes(1, 100), 'anything'),
  row(
    'CertificateRequest of TLS 1.2',
    certificateRequest12(0x0303),
    fc.record({
      certificateTypes: bytes(1, 5),
      signatureSchemes: fc.array(u16, { minLength: 1, maxLength: 5 }),
      authorities: fc.array(bytes(1, 30), { maxLength: 3 }),
    }),
  ),
  row(
    'CertificateRequest of TLS 1.1',
    certificateRequest12(0x0302),
    fc.record({
      certificateTypes: bytes(1, 5),
      signatureSchemes: fc.constant(undefined),
      authorities: fc.array(bytes(1, 30), { maxLength: 3 }),
    }),
  ),
  row('ServerHelloDone', serverHelloDone, fc.constant({})),
  row('ClientKeyExchange', clientKeyExchange, bytes(1, 100), 'anything'),
  row('CertificateVerify of TLS 1.2', certificateVerify12(0x0303), fc.record({ algorithm: u16, signature: bytes(0, 100) })),
  row(
    'CertificateVerify of TLS 1.1',
    certificateVerify12(0x0302),
    fc.record({ algorithm: fc.constant(undefined), signature: bytes(0, 100) }),
  ),
  row('NewSessionTicket of TLS 1.2', newSessionTicket12, fc.record({ lifetime: u32, ticket: bytes(0, 100) })),
];

/** The message, or the alert that its reader refuses it with. Anything else that is thrown is thrown on. */
function outcome(def: MessageDef<string, unknown>, raw: Uint8Array): unknown {
  try {
    return decodeMessage(def, raw).value;
  } catch (error) {
    if (error instanceof TlsFatal) return error.alert;
    throw error;
  }
}

const reframe = (raw: Uint8Array, body: Uint8Array): Uint8Array => build((w) => w.u8(raw[0] as number).vec24(body));

describe.each(ROWS)('$name', ({ def, value, cutShort }) => {
  it('comes back as it was written, and names itself', () => {
    fc.assert(
      fc.property(value, (message) => {
        const raw = encodeMessage(def, message);
        expect(raw[0]).toBe(def.type);
        const { name, value: read, raw: kept } = decodeMessage(def, raw);
        expect(read).toEqual(message);
        expect([name, kept]).toEqual([def.name, raw]);
      }),
      { seed: SEED, numRuns: 60 },
    );
  });

  it('is refused when it is cut short, wherever that is', () => {
    fc.assert(
      fc.property(value, (message) => {
        const raw = encodeMessage(def, message);
        const whole = raw.subarray(4);
        for (let end = 0; end < whole.length; end++) {
          const result = outcome(def, reframe(raw, whole.subarray(0, end)));
          if (result === 'decode_error') continue;
          if (cutShort === 'no extensions') expect(result).toEqual({ ...(message as object), extensions: [] });
          else expect(cutShort).toBe('anything');
        }
      }),
      { seed: SEED, numRuns: 20 },
    );
  });

  it('is refused with a byte more', () => {
    if (cutShort === 'anything') return;
    fc.assert(
      fc.property(value, fc.nat(255), (message, byte) => {
        const raw = encodeMessage(def, message);
        expect(outcome(def, reframe(raw, concat(raw.subarray(4), Uint8Array.of(byte))))).toBe('decode_error');
      }),
      { seed: SEED, numRuns: 60 },
    );
  });

  it('is read or refused, whatever it is', () => {
    fc.assert(
      fc.property(bytes(0, 200), (body) => {
        const result = outcome(def, reframe(Uint8Array.of(def.type), body));
        if (typeof result === 'string') expect(result).toBe('decode_error');
        else expect(outcome(def, encodeMessage(def, result))).toEqual(result);
      }),
      { seed: SEED, numRuns: 200 },
    );
  });
});

describe('a HelloRetryRequest', () => {
  const hello = {
    legacyVersion: 0x0303,
    legacySessionIdEcho: new Uint8Array(0),
    cipherSuite: 0x1301,
    legacyCompressionMethod: 0,
    extensions: [],
  };

  it('is a ServerHello with one random, and with no other', () => {
    expect(isHelloRetryRequest({ ...hello, random: HELLO_RETRY_RANDOM })).toBe(true);
    for (let at = 0; at < 32; at++) {
      const other = HELLO_RETRY_RANDOM.slice();
      other[at] = (other[at] as number) ^ 1;
      expect(isHelloRetryRequest({ ...hello, random: other })).toBe(false);
    }
  });
});
