import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SEED } from '../../test/hostile/seed.ts';
import { concat } from '../bytes/bytes.ts';
import { build } from '../bytes/writer.ts';
import { TlsFatal } from '../registry/fatal.ts';
import { writeEchConfig, writeEchConfigList } from '../wire/ech-config.ts';
import { type AnyExtension, type Codec, type ExtensionDef, encode, type Place } from './extension.ts';
import { isHostName, readServerName, serverName } from './server-name.ts';
import { EXTENSIONS, extensionName, isBuiltIn, readBlock } from './table.ts';

const bytes = (minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength, maxLength });
const u16 = fc.nat(0xffff);
const ids = fc.array(u16, { minLength: 1, maxLength: 8 });
const distinct = fc.uniqueArray(u16, { minLength: 1, maxLength: 8 });
const list = (minLength: number, item = bytes(1, 20)): fc.Arbitrary<readonly Uint8Array[]> => fc.array(item, { minLength, maxLength: 4 });
const share = fc.record({ group: u16, share: bytes(1, 40) });
const FLAG = fc.constant(true);
const certificateTypes = fc.array(fc.nat(255), { minLength: 1, maxLength: 4 });
const timestamps = list(1).map((items) =>
  build((w) =>
    w.vec16((all) => {
      for (const item of items) all.vec16(item);
    }),
  ),
);

/** ECHConfigLists of a version that is known and one that is not. */
const echConfigs = fc.record({ publicKey: bytes(1, 40), extra: bytes(0, 20) }).map(({ publicKey, extra }) => {
  const contents = {
    configId: 1,
    kem: 0x20,
    publicKey,
    cipherSuites: [{ kdf: 1, aead: 1 }],
    maximumNameLength: 0,
    publicName: 'a',
    extensions: [],
  };
  return writeEchConfigList([{ raw: writeEchConfig(contents) }, { raw: build((w) => w.u16(0xfe0a).vec16(extra)) }]);
});

/** Values of each extension in each of its places. */
const VALUES: { readonly [extension: string]: { readonly [P in Place]?: fc.Arbitrary<unknown> } } = {
  server_name: { CH: bytes(1, 60), EE: FLAG, SH12: FLAG },
  max_fragment_length: { CH: fc.nat(255), EE: fc.nat(255), SH12: fc.nat(255) },
  status_request: {
    CH: fc.record({ responderIds: list(0), requestExtensions: bytes(0, 20) }),
    CT: bytes(1, 60),
    CR: FLAG,
    SH12: FLAG,
  },
  supported_groups: { CH: ids, EE: ids, SH12: ids },
  ec_point_formats: { CH: bytes(1, 4), SH12: bytes(1, 4) },
  signature_algorithms: { CH: ids, CR: ids },
  application_layer_protocol_negotiation: { CH: list(1), EE: bytes(1, 20), SH12: bytes(1, 20) },
  signed_certificate_timestamp: { CH: FLAG, CT: timestamps, CR: FLAG, SH12: timestamps },
  client_certificate_type: { CH: certificateTypes, EE: fc.nat(255), SH12: fc.nat(255) },
  server_certificate_type: { CH: certificateTypes, EE: fc.nat(255), SH12: fc.nat(255) },
  encrypt_then_mac: { CH: FLAG, SH12: FLAG },
  extended_master_secret: { CH: FLAG, SH12: FLAG },
  delegated_credential: { CH: ids, CR: ids, CT: bytes(0, 60) },
  compress_certificate: { CH: distinct, CR: distinct },
  record_size_limit: {
    CH: fc.integer({ min: 64, max: 0xffff }),
    EE: fc.integer({ min: 64, max: 0xffff }),
    SH12: fc.integer({ min: 64, max: 0xffff }),
  },
  session_ticket: { CH: bytes(0, 60), SH12: FLAG },
  pre_shared_key: {
    CH: fc.record({
      identities: fc.array(fc.record({ identity: bytes(1, 30), obfuscatedTicketAge: fc.nat(0xffff_ffff) }), { minLength: 1, maxLength: 3 }),
      binders: list(1, bytes(32, 48)),
    }),
    SH13: u16,
  },
  early_data: { CH: FLAG, EE: FLAG, NST: fc.nat(0xffff_ffff) },
  supported_versions: { CH: ids, SH13: u16, HRR: u16 },
  cookie: { CH: bytes(1, 60), HRR: bytes(1, 60) },
  psk_key_exchange_modes: { CH: bytes(1, 3) },
  certificate_authorities: { CH: list(1), CR: list(1) },
  post_handshake_auth: { CH: FLAG },
  signature_algorithms_cert: { CH: ids, CR: ids },
  key_share: { CH: fc.uniqueArray(share, { selector: ({ group }) => group, maxLength: 3 }), SH13: share, HRR: u16 },
  encrypted_client_hello: {
    CH: fc.oneof(
      fc.constant('inner'),
      fc.record({ suite: fc.record({ kdf: u16, aead: u16 }), configId: fc.nat(255), enc: bytes(0, 40), payload: bytes(1, 40) }),
    ),
    HRR: bytes(8, 8),
    EE: echConfigs,
  },
  quic_transport_parameters: { CH: bytes(0, 40), EE: bytes(0, 40) },
  'quic_transport_parameters (draft)': { CH: bytes(0, 40), EE: bytes(0, 40) },
  renegotiation_info: { CH: bytes(0, 40), SH12: bytes(0, 40) },
};

const PLACES: readonly Place[] = ['CH', 'SH12', 'SH13', 'HRR', 'EE', 'CT', 'CR', 'NST'];
/** Whose last part takes all there is, or that has an alternative that does. */
const OPEN_ENDED = new Set([
  'session_ticket CH',
  'delegated_credential CT',
  'quic_transport_parameters CH',
  'quic_transport_parameters EE',
  'quic_transport_parameters (draft) CH',
  'quic_transport_parameters (draft) EE',
]);

const FORMS = EXTENSIONS.flatMap((def) =>
  PLACES.filter((place) => def[place] !== undefined).map((place) => ({ name: `${def.name} ${place}`, def, place })),
);

const encoded = (def: AnyExtension, place: Place, value: unknown): Uint8Array =>
  encode(def as unknown as ExtensionDef<{ readonly [P in Place]: unknown }>, place, value).data;

function outcome(def: AnyExtension, place: Place, data: Uint8Array): { readonly value: unknown } | string {
  try {
    return {
      value: readBlock(place, [{ type: def.id, data }]).get(def as unknown as AnyExtension & { readonly [P in Place]: Codec<unknown> }),
    };
  } catch (error) {
    if (error instanceof TlsFatal) return error.alert;
    throw error;
  }
}

describe('the table of extensions', () => {
  it('has no form without its values here', () => {
    const here = Object.entries(VALUES).flatMap(([name, places]) => Object.keys(places).map((place) => `${name} ${place}`));
    expect(FORMS.map(({ name }) => name).toSorted()).toEqual(here.toSorted());
  });

  it('takes no list of compression algorithms that names one twice', () => {
    const data = Uint8Array.of(4, 0, 1, 0, 1);
    const read = () => readBlock('CH', [{ type: 27, data }]);
    expect(read).toThrow(expect.objectContaining({ alert: 'illegal_parameter' }));
  });

  it('has no number twice', () => {
    expect(new Set(EXTENSIONS.map(({ id }) => id)).size).toBe(EXTENSIONS.length);
  });

  it('knows names', () => {
    expect([extensionName(51), extensionName(0x0a0a), isBuiltIn(51), isBuiltIn(0x0a0a)]).toEqual([
      'key_share',
      'extension 2570',
      true,
      false,
    ]);
  });
});

describe.each(FORMS)('$name', ({ name, def, place }) => {
  const values = VALUES[def.name]?.[place] ?? fc.constant(undefined);

  it('comes back as it was written', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(outcome(def, place, encoded(def, place, value))).toEqual({ value });
      }),
      { seed: SEED, numRuns: 60 },
    );
  });

  it('is refused when it is cut short, or has a byte more', () => {
    if (OPEN_ENDED.has(name)) return;
    fc.assert(
      fc.property(values, (value) => {
        const data = encoded(def, place, value);
        for (let end = 0; end < data.length; end++) expect(outcome(def, place, data.subarray(0, end))).toBe('decode_error');
        expect(outcome(def, place, concat(data, Uint8Array.of(0)))).toBe('decode_error');
      }),
      { seed: SEED, numRuns: 30 },
    );
  });

  it('is read or refused, whatever it is', () => {
    fc.assert(
      fc.property(bytes(0, 60), (data) => {
        const result = outcome(def, place, data);
        if (typeof result === 'string') expect(['decode_error', 'illegal_parameter']).toContain(result);
        else if (result.value !== undefined) expect(outcome(def, place, encoded(def, place, result.value))).toEqual(result);
      }),
      { seed: SEED, numRuns: 100 },
    );
  });

  it('is illegal in every message it does not belong to', () => {
    for (const other of PLACES) {
      if (def[other] === undefined) expect(outcome(def, other, new Uint8Array(0))).toBe('illegal_parameter');
    }
  });

  it('is illegal twice', () => {
    const [value] = fc.sample(values, { seed: SEED, numRuns: 1 });
    const raw = { type: def.id, data: encoded(def, place, value) };
    expect(() => readBlock(place, [raw, raw])).toThrow(expect.objectContaining({ alert: 'illegal_parameter' }));
  });
});

describe('extensions nobody knows', () => {
  it('stay raw, and answer only what was asked', () => {
    const block = readBlock('EE', [{ type: 0x1234, data: Uint8Array.of(1) }]);
    expect(block.raw).toHaveLength(1);
    expect(() => block.onlyAnswersTo(new Set([0x1234]))).not.toThrow();
    expect(() => block.onlyAnswersTo(new Set([0]))).toThrow(expect.objectContaining({ alert: 'unsupported_extension' }));
  });

  it('may have the names of properties of objects: there are no objects', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const data = encode(serverName, 'CH', new TextEncoder().encode(name)).data;
      expect(new TextDecoder().decode(readServerName(data))).toBe(name);
    }
  });
});

describe('a status of another type than ocsp', () => {
  it('is passed over', () => {
    const block = readBlock('CH', [{ type: 5, data: Uint8Array.of(2, 1, 2, 3) }]);
    expect(block.raw).toHaveLength(1);
    expect(readBlock('CT', [{ type: 5, data: Uint8Array.of(2, 1, 2, 3) }]).raw).toHaveLength(1);
  });
});

describe('a host name', () => {
  it.each([
    ['server.example', true],
    ['xn--mnchen-3ya.example', true],
    ['_sip.example', true],
    ['x'.repeat(255), true],
    ['x'.repeat(256), false],
    ['', false],
    ['server.example.', false],
    ['server\0.example', false],
    ['server example', false],
    ['münchen.example', false],
    ['::1', false],
    ['a\x7f', false],
  ])('%j may be asked for: %s', (name, may) => {
    expect(isHostName(new TextEncoder().encode(name))).toBe(may);
  });
});
