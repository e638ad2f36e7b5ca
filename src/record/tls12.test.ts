import { describe, expect, it } from 'vitest';
import recorded from '../../test/vectors/tls12-connections.json' with { type: 'json' };
import { MemBio } from '../bio/mem.ts';
import { concat, EMPTY, fromHex, fromUtf8, sameBytes, toHex, utf8 } from '../bytes/bytes.ts';
import { build } from '../bytes/writer.ts';
import { jsProvider } from '../crypto/js.ts';
import { nodeProvider } from '../crypto/node.ts';
import { Prf } from '../crypto/prf.ts';
import type { Aead, AeadName, CryptoProvider, HashName } from '../crypto/provider.ts';
import { type CipherSuite, cipherSuiteByName, TLS12_SUITES } from '../registry/cipher-suites.ts';
import { CONTENT_TYPE } from '../registry/content-types.ts';
import { SslError, TlsFatal } from '../registry/fatal.ts';
import { TLS1_1_VERSION, TLS1_2_VERSION, TLS1_VERSION } from '../registry/versions.ts';
import { type DirectionKeys, keyBlockLength, keysFromBlock } from './key-block.ts';
import { openFor, sealFor } from './protect-tls12.ts';
import { HEADER_LENGTH, type OpenedRecord, type OpenProtection, type SealProtection } from './protection.ts';
import { RecordWriter } from './writer.ts';

const VERSIONS: Readonly<Record<string, number>> = { tls1: TLS1_VERSION, tls1_1: TLS1_1_VERSION, tls1_2: TLS1_2_VERSION };

function suiteOf(name: string): CipherSuite {
  const suite = cipherSuiteByName(name);
  if (suite === undefined) throw new Error(name);
  return suite;
}

interface RawRecord {
  readonly header: Uint8Array;
  readonly fragment: Uint8Array;
}

function recordsOf(stream: Uint8Array): readonly RawRecord[] {
  const records: RawRecord[] = [];
  for (let at = 0; at < stream.length; ) {
    const header = stream.subarray(at, at + HEADER_LENGTH);
    const end = at + HEADER_LENGTH + (((header[3] as number) << 8) | (header[4] as number));
    records.push({ header, fragment: stream.subarray(at + HEADER_LENGTH, end) });
    at = end;
  }
  return records;
}

const opened = (protection: OpenProtection, { header, fragment }: RawRecord): OpenedRecord | undefined => protection.open(header, fragment);

function sealed(protection: SealProtection, content: Uint8Array, type: number = CONTENT_TYPE.applicationData): RawRecord {
  const out = new Uint8Array(3 + content.length + protection.overhead);
  const length = protection.seal(type, content, 0, out, 3);
  expect(length).toBeLessThanOrEqual(content.length + protection.overhead);
  const [record] = recordsOf(out.subarray(3, 3 + length));
  if (record === undefined) throw new Error('no record');
  return record;
}

function reasonOf(call: () => unknown): readonly [string, string] | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (error instanceof TlsFatal) return [error.alert, error.reason];
    throw error;
  }
}

/** Keys that need no handshake. */
function keysFor(suite: CipherSuite, version: number): { readonly client: DirectionKeys; readonly server: DirectionKeys } {
  const block = new Uint8Array(keyBlockLength(suite, version)).map((_, i) => 7 * i + suite.id);
  return keysFromBlock(suite, version, block);
}

const pair = (provider: CryptoProvider, suite: CipherSuite, version: number, encryptThenMac = false) => {
  const { client } = keysFor(suite, version);
  return {
    seal: sealFor(provider, suite, version, client, encryptThenMac),
    open: openFor(provider, suite, version, client, encryptThenMac),
  };
};

describe('connections that OpenSSL recorded', () => {
  for (const provider of [nodeProvider, jsProvider]) {
    const usable = recorded.connections.filter(({ suite }) => {
      const { cbc } = suiteOf(suite);
      return cbc === undefined || provider.hasCbc(cbc);
    });
    it.each(usable)(`open with ${provider.name}: $version $suite, encrypt-then-MAC $encryptThenMac`, (connection) => {
      const suite = suiteOf(connection.suite);
      const version = VERSIONS[connection.version] as number;
      const prf = new Prf(provider, version, suite.hash);
      const [client, server] = [recordsOf(fromHex(connection.client)), recordsOf(fromHex(connection.server))];
      const isCipherChange = ({ header }: RawRecord): boolean => header[0] === CONTENT_TYPE.changeCipherSpec;
      const [clientChange, serverChange] = [client.findIndex(isCipherChange), server.findIndex(isCipherChange)];
      const [clientHello, clientKeyExchange] = client.slice(0, clientChange).map(({ fragment }) => fragment);
      if (clientHello === undefined || clientKeyExchange === undefined) throw new Error('no flight');
      const serverFlight = concat(...server.slice(0, serverChange).map(({ fragment }) => fragment));
      const transcript = provider.hash(prf.transcriptHash);
      for (const flight of [clientHello, serverFlight, clientKeyExchange]) transcript.update(flight);
      const [clientRandom, serverRandom] = [clientHello.subarray(6, 38), serverFlight.subarray(6, 38)];

      const psk = fromHex(recorded.psk);
      const premaster = build((w) => w.vec16(new Uint8Array(psk.length)).vec16(psk));
      const master = prf.extendedMasterSecret(premaster, transcript.snapshot());
      expect(toHex(master)).toBe(connection.master);
      const { label, length } = recorded.exporter;
      expect(toHex(prf.exporter(master, label, clientRandom, serverRandom, undefined, length))).toBe(connection.exported);

      const block = prf.keyBlock(master, serverRandom, clientRandom, keyBlockLength(suite, version));
      const keys = keysFromBlock(suite, version, block);
      for (const [side, records, change] of [['client', client, clientChange] as const, ['server', server, serverChange] as const]) {
        const protection = openFor(provider, suite, version, keys[side], connection.encryptThenMac);
        const [finished, ...data] = records.slice(change + 1).map((record) => opened(protection, record));
        const verifyData = prf.verifyData(master, `${side} finished`, transcript.snapshot());
        expect(finished).toEqual({ type: CONTENT_TYPE.handshake, content: concat(Uint8Array.of(20, 0, 0, 12), verifyData) });
        if (finished !== undefined) transcript.update(finished.content);
        const text = fromUtf8(
          concat(...data.filter((record) => record?.type === CONTENT_TYPE.applicationData).map((record) => record?.content ?? EMPTY)),
        );
        expect(text).toBe(`${side === 'client' ? recorded.line : [...recorded.line].reverse().join('')}\n`);
      }
    });
  }
});

describe('every suite', () => {
  const forms = TLS12_SUITES.flatMap((suite) =>
    [TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION]
      .filter((version) => version >= suite.minVersion)
      .flatMap((version) => (suite.cbc === undefined ? [false] : [false, true]).map((etm) => ({ suite, version, etm }))),
  );

  it('opens what it sealed, of any length, and nothing that was changed, repeated or left out', () => {
    for (const { suite, version, etm } of forms) {
      if (suite.cbc !== undefined && !nodeProvider.hasCbc(suite.cbc)) continue;
      const { seal, open } = pair(nodeProvider, suite, version, etm);
      for (const length of [0, 1, 15, 16, 17, 300, 16_384]) {
        const content = new Uint8Array(length).fill(length + 1);
        const record = opened(open, sealed(seal, content));
        expect(record?.type).toBe(CONTENT_TYPE.applicationData);
        expect(record !== undefined && sameBytes(record.content, content)).toBe(true);
      }
      const { header, fragment } = sealed(seal, utf8('once'));
      const again = { header, fragment: fragment.slice() };
      for (const at of [0, fragment.length - 1]) {
        const other = fragment.slice();
        other[at] = (other[at] as number) ^ 1;
        expect(pair(nodeProvider, suite, version, etm).open.open(header, other)).toBeUndefined();
      }
      const fresh = pair(nodeProvider, suite, version, etm);
      const [first, second] = [sealed(fresh.seal, utf8('first')), sealed(fresh.seal, utf8('second'))];
      expect(opened(fresh.open, second)).toBeUndefined();
      const other = pair(nodeProvider, suite, version, etm);
      expect(opened(other.open, first)?.content).toEqual(utf8('first'));
      expect(opened(other.open, first)).toBeUndefined();
      expect(opened(open, again)?.content).toEqual(utf8('once'));
      expect(open.open(Uint8Array.of(22, version >>> 8, version & 255, 0, 0), EMPTY)).toBeUndefined();
    }
  });

  it('covers the content type, and takes no other version', () => {
    for (const { suite, version, etm } of forms.filter((_, i) => i % 7 === 0)) {
      if (suite.cbc !== undefined && !nodeProvider.hasCbc(suite.cbc)) continue;
      const { seal, open } = pair(nodeProvider, suite, version, etm);
      const { header, fragment } = sealed(seal, utf8('data'));
      const [asHandshake, older] = [header.slice(), header.slice()];
      asHandshake[0] = CONTENT_TYPE.handshake;
      older[2] = 0;
      expect(open.open(asHandshake, fragment.slice())).toBeUndefined();
      expect(reasonOf(() => open.open(older, fragment))).toEqual(['protocol_version', 'WRONG_VERSION_NUMBER']);
    }
  });

  it('refuses more plaintext than was agreed on', () => {
    for (const name of ['ECDHE-RSA-AES128-GCM-SHA256', 'AES128-SHA', 'NULL-SHA']) {
      const suite = suiteOf(name);
      const { client } = keysFor(suite, TLS1_2_VERSION);
      const seal = sealFor(nodeProvider, suite, TLS1_2_VERSION, client, false);
      const open = openFor(nodeProvider, suite, TLS1_2_VERSION, client, false, 512);
      expect(opened(open, sealed(seal, new Uint8Array(512)))?.content).toHaveLength(512);
      expect(reasonOf(() => opened(open, sealed(seal, new Uint8Array(513))))).toEqual(['record_overflow', 'DATA_LENGTH_TOO_LONG']);
      expect(open.maxFragment).toBe(2 ** 14 + 2048);
    }
  });
});

describe('AEADs of TLS 1.2', () => {
  it.each(['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-CCM8', 'ECDHE-RSA-CHACHA20-POLY1305'])(
    '%s: no nonce comes twice, and those on the wire are the sequence numbers',
    (name) => {
      const nonces: string[] = [];
      const spy: CryptoProvider = {
        ...nodeProvider,
        aead: (aead: AeadName, key: Uint8Array): Aead => {
          const inner = nodeProvider.aead(aead, key);
          return {
            tagLength: inner.tagLength,
            seal: (nonce, ...rest) => {
              nonces.push(toHex(nonce));
              return inner.seal(nonce, ...rest);
            },
            open: (...all) => inner.open(...all),
            wipe: () => inner.wipe(),
          };
        },
      };
      const suite = suiteOf(name);
      const { client } = keysFor(suite, TLS1_2_VERSION);
      const seal = sealFor(spy, suite, TLS1_2_VERSION, client, false);
      for (let i = 0; i < 300; i++) {
        const { fragment } = sealed(seal, EMPTY);
        if (!name.includes('CHACHA')) expect(toHex(fragment.subarray(0, 8))).toBe(i.toString(16).padStart(16, '0'));
      }
      expect(new Set(nonces).size).toBe(300);
      expect(seal.sealed).toBe(300);
    },
  );
});

describe('CBC', () => {
  const HASHES: readonly (readonly [string, HashName, number])[] = [
    ['AES128-SHA', 'sha1', 20],
    ['AES128-SHA256', 'sha256', 32],
    ['ECDHE-RSA-AES256-SHA384', 'sha384', 48],
  ];

  /** One record of TLS 1.2, MAC-then-encrypt, with any padding: `tail` stands where the padding belongs. */
  function forged(
    name: string,
    hash: HashName,
    content: Uint8Array,
    tail: Uint8Array,
    spoil: (text: Uint8Array) => void = () => {},
  ): RawRecord {
    const suite = suiteOf(name);
    const { mac, key } = keysFor(suite, TLS1_2_VERSION).client;
    const prefix = build((w) => w.zeros(8).u8(23).u16(TLS1_2_VERSION).u16(content.length));
    const text = concat(content, nodeProvider.hmac(hash, mac).mac(prefix, content), tail);
    spoil(text);
    const iv = nodeProvider.random(16);
    const fragment = concat(iv, nodeProvider.cbcEncrypt(suite.cbc ?? 'aes-128-cbc', key, iv, text));
    return { header: build((w) => w.u8(23).u16(TLS1_2_VERSION).u16(fragment.length)), fragment };
  }

  /** A padding that fills the last block and `more` blocks besides. */
  const paddingFor = (length: number, more = 0): Uint8Array => {
    const padding = 16 - (length % 16) + 16 * more;
    return new Uint8Array(padding).fill(padding - 1);
  };

  for (const [name, hash, macLength] of HASHES) {
    const content = utf8('some content of some length');
    const open = (record: RawRecord): OpenedRecord | undefined => opened(pair(nodeProvider, suiteOf(name), TLS1_2_VERSION).open, record);

    it(`${name}: takes padding of every length up to 256 bytes`, () => {
      for (let more = 0; more < 16; more++) {
        const padding = paddingFor(content.length + macLength, more);
        if (padding.length > 256) continue;
        expect(open(forged(name, hash, content, padding))?.content).toEqual(content);
      }
      const empty = forged(name, hash, EMPTY, paddingFor(macLength));
      expect(open(empty)?.content).toEqual(EMPTY);
    });

    it(`${name}: refuses padding that is wrong in any byte`, () => {
      const padding = paddingFor(content.length + macLength, 14);
      for (let i = 0; i < padding.length; i++) {
        const wrong = padding.slice();
        wrong[i] = (wrong[i] as number) ^ 0x80;
        expect(open(forged(name, hash, content, wrong))).toBeUndefined();
      }
    });

    it(`${name}: refuses a tag that is wrong in any byte, and padding that reaches over it`, () => {
      const padding = paddingFor(content.length + macLength, 3);
      for (let i = 0; i < content.length + macLength; i++) {
        const record = forged(name, hash, content, padding, (text) => {
          text[i] = (text[i] as number) ^ 1;
        });
        expect(open(record)).toBeUndefined();
      }
      const all = forged(name, hash, EMPTY, paddingFor(macLength), (text) => text.fill(text.length - 1));
      expect(open(all)).toBeUndefined();
      const over = forged(name, hash, EMPTY, paddingFor(macLength), (text) => text.fill(255));
      expect(open(over)).toBeUndefined();
    });

    it(`${name}: does the same amount of hashing whatever the padding says (Lucky 13)`, () => {
      let work: { readonly calls: number; readonly blocks: number } = { calls: 0, blocks: 0 };
      const block = hash === 'sha384' ? 128 : 64;
      const counting: CryptoProvider = {
        ...nodeProvider,
        hmac: (hashName, key) => {
          const inner = nodeProvider.hmac(hashName, key);
          return {
            mac: (...parts) => {
              const length = parts.reduce((sum, part) => sum + part.length, 0);
              const trailer = hash === 'sha384' ? 17 : 9;
              work = { calls: work.calls + 1, blocks: work.blocks + Math.ceil((length + trailer) / block) };
              return inner.mac(...parts);
            },
            wipe: () => inner.wipe(),
          };
        },
      };
      const suite = suiteOf(name);
      for (const size of [256, 512, 2048, 16_384]) {
        const seen = new Set<string>();
        for (let padding = 0; padding < 256; padding++) {
          const text = size - macLength - 1 - padding;
          if (text < 0) continue;
          for (const valid of [true, false]) {
            const tail = new Uint8Array(padding + 1).fill(padding);
            if (!valid && padding > 0) tail[0] = padding ^ 1;
            work = { calls: 0, blocks: 0 };
            const { client } = keysFor(suite, TLS1_2_VERSION);
            const result = opened(openFor(counting, suite, TLS1_2_VERSION, client, false), forged(name, hash, new Uint8Array(text), tail));
            expect(result !== undefined).toBe(valid || padding === 0);
            seen.add(`${work.calls} ${work.blocks}`);
          }
        }
        expect(seen.size).toBe(1);
      }
    }, 60_000);
  }

  it('shows a wrong padding, a wrong tag and a wrong length as one and the same', () => {
    const [name, hash] = ['AES128-SHA', 'sha1'] as const;
    const content = utf8('content');
    const wrong = [
      forged(name, hash, content, paddingFor(27).fill(0, 0, 1)),
      forged(name, hash, content, paddingFor(27), (text) => text.fill(9, 0, 1)),
      { ...forged(name, hash, content, paddingFor(27)), fragment: new Uint8Array(47) },
      { ...forged(name, hash, content, paddingFor(27)), fragment: new Uint8Array(16) },
    ];
    for (const record of wrong) expect(opened(pair(nodeProvider, suiteOf(name), TLS1_2_VERSION).open, record)).toBeUndefined();
  });

  it('decrypts nothing before the tag holds, where the tag covers the ciphertext (RFC 7366)', () => {
    const suite = suiteOf('AES128-SHA');
    let decrypted = 0;
    const counting: CryptoProvider = {
      ...nodeProvider,
      cbcDecrypt: (...all) => {
        decrypted++;
        return nodeProvider.cbcDecrypt(...all);
      },
    };
    const { client } = keysFor(suite, TLS1_2_VERSION);
    const record = sealed(sealFor(nodeProvider, suite, TLS1_2_VERSION, client, true), utf8('content'));
    const wrong = record.fragment.slice();
    wrong[20] = (wrong[20] as number) ^ 1;
    const open = openFor(counting, suite, TLS1_2_VERSION, client, true);
    expect(open.open(record.header, wrong)).toBeUndefined();
    expect(decrypted).toBe(0);
    expect(opened(open, record)?.content).toEqual(utf8('content'));
  });

  it('takes a fresh IV for each record from TLS 1.1 on', () => {
    const { seal } = pair(nodeProvider, suiteOf('AES128-SHA'), TLS1_1_VERSION);
    const ivs = new Set(Array.from({ length: 50 }, () => toHex(sealed(seal, EMPTY).fragment.subarray(0, 16))));
    expect(ivs.size).toBe(50);
  });

  it('sends the first byte of data ahead in TLS 1.0, and there alone (BEAST)', () => {
    const lengthsOf = (version: number, type: number, content: Uint8Array): number[] => {
      const { seal, open } = pair(nodeProvider, suiteOf('AES128-SHA'), version);
      const [writer, bio] = [new RecordWriter(), new MemBio()];
      writer.protect(seal);
      writer.appendRecord(type, content);
      writer.flush(bio);
      const stream = bio.read(65_536);
      if (typeof stream === 'string') throw new Error(stream);
      return recordsOf(stream).map((record) => opened(open, record)?.content.length ?? -1);
    };
    const content = new Uint8Array(100);
    expect(lengthsOf(TLS1_VERSION, CONTENT_TYPE.applicationData, content)).toEqual([1, 99]);
    expect(lengthsOf(TLS1_VERSION, CONTENT_TYPE.applicationData, content.subarray(0, 1))).toEqual([1]);
    expect(lengthsOf(TLS1_VERSION, CONTENT_TYPE.handshake, content)).toEqual([100]);
    expect(lengthsOf(TLS1_1_VERSION, CONTENT_TYPE.applicationData, content)).toEqual([100]);
  });

  it('ends a 3DES key after 2^20 blocks, in either direction (SWEET32)', () => {
    const suite = suiteOf('DES-CBC3-SHA');
    expect(suite.recordLimit).toBe(2 ** 20);
    const { client } = keysFor(suite, TLS1_2_VERSION);
    const small = { ...suite, recordLimit: 30 };
    const seal = sealFor(nodeProvider, small, TLS1_2_VERSION, client, false);
    const open = openFor(nodeProvider, small, TLS1_2_VERSION, client, false);
    const content = new Uint8Array(100);
    for (const blocks of [16, 32]) {
      expect(opened(open, sealed(seal, content))?.content).toEqual(content);
      expect(seal.sealed).toBe(blocks);
    }
    expect(seal.sealed).toBeGreaterThanOrEqual(seal.recordLimit);
    expect(() => opened(open, sealed(seal, content))).toThrow(SslError);
  });
});

describe('key blocks', () => {
  it.each([
    ['ECDHE-RSA-AES128-GCM-SHA256', TLS1_2_VERSION, [0, 16, 4]],
    ['ECDHE-ECDSA-AES256-CCM8', TLS1_2_VERSION, [0, 32, 4]],
    ['ECDHE-RSA-CHACHA20-POLY1305', TLS1_2_VERSION, [0, 32, 12]],
    ['AES256-SHA', TLS1_VERSION, [20, 32, 16]],
    ['AES256-SHA', TLS1_1_VERSION, [20, 32, 0]],
    ['ECDHE-RSA-AES256-SHA384', TLS1_2_VERSION, [48, 32, 0]],
    ['DES-CBC3-SHA', TLS1_VERSION, [20, 24, 8]],
    ['NULL-MD5', TLS1_VERSION, [16, 0, 0]],
  ] as const)('of %s in version %i are cut as RFC 5246, 6.3 says', (name, version, lengths) => {
    const suite = suiteOf(name);
    const length = 2 * lengths.reduce<number>((sum, part) => sum + part, 0);
    expect(keyBlockLength(suite, version)).toBe(length);
    const block = new Uint8Array(length).map((_, i) => i);
    const { client, server } = keysFromBlock(suite, version, block);
    expect([client.mac.length, client.key.length, client.iv.length]).toEqual([...lengths]);
    expect(concat(client.mac, server.mac, client.key, server.key, client.iv, server.iv)).toEqual(block);
    expect(() => keysFromBlock(suite, version, new Uint8Array(length + 1))).toThrow(SslError);
  });
});
