import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { duplexPair, LIVE } from '../../test/support/loopback.ts';
import { parseCipherString } from '../config/cipher-string.ts';
import { OPTIONS } from '../registry/options.ts';
import { CIPHERS, OLDER_SUITES } from './defaults.ts';
import tls, { connect, createSecureContext, type SecureContext, TLSSocket } from './index.ts';

const { ca, cert, key } = LIVE;

describe('createSecureContext', () => {
  it('has the suites that its default list means', () => {
    const older = CIPHERS.split(':').filter((word) => !word.startsWith('TLS_'));
    expect(OLDER_SUITES).toEqual(parseCipherString(older.join(':')).suites);
    const [byDefault, byWords] = [createSecureContext(), createSecureContext({ ciphers: `${CIPHERS}:!MD5` })];
    expect(byDefault.context.get('cipherList')).toEqual(byWords.context.get('cipherList'));
    expect(byDefault.context.get('securityLevel')).toBe(byWords.context.get('securityLevel'));
  });

  it('turns the options of node:tls into settings', () => {
    const { context } = createSecureContext({
      minVersion: 'TLSv1.3',
      ciphers: 'TLS_CHACHA20_POLY1305_SHA256:ECDHE-RSA-AES128-GCM-SHA256',
      ecdhCurve: 'X25519:P-256',
      sigalgs: 'ECDSA+SHA256:rsa_pss_rsae_sha256:RSA-PSS+SHA384',
      sessionTimeout: 60,
      secureOptions: OPTIONS.NO_TICKET,
      sessionIdContext: 'here',
    });
    expect(context.get('minProtoVersion')).toBe(0x0304);
    expect(context.get('cipherSuites')).toEqual([0x1303]);
    expect(context.get('groups')).toEqual([0x001d, 0x0017]);
    expect(context.get('sigalgs')).toEqual([0x0403, 0x0804, 0x0805]);
    expect(context.get('sessionTimeout')).toBe(60);
    expect(context.get('options') & OPTIONS.NO_TICKET).toBe(OPTIONS.NO_TICKET);
  });

  it('has what packages call on its context: authorities beside those that are trusted', async () => {
    const without = createSecureContext();
    const added = createSecureContext();
    added.context.addCACert(ca);
    const both = createSecureContext({ ca: [] });
    both.context.addRootCerts();
    both.context.addCACert(Buffer.from(ca));
    const reached = async (secureContext: SecureContext): Promise<unknown> => {
      const wires = duplexPair();
      const server = new TLSSocket(wires[1], { isServer: true, cert, key }).on('error', () => undefined);
      const client = connect({ socket: wires[0], host: 'localhost', secureContext });
      const outcome = await once(client, 'secureConnect').then(
        () => client.authorized,
        (error: NodeJS.ErrnoException) => error.code,
      );
      for (const end of [client, server]) end.destroy();
      return outcome;
    };
    expect(await Promise.all([without, added, both].map(reached))).toEqual(['UNABLE_TO_VERIFY_LEAF_SIGNATURE', true, true]);
  });

  it('takes an option that is undefined or null for one that is not there', () => {
    const settings = (options: object): unknown[] => {
      const { context } = createSecureContext(options);
      return [context.get('cipherList'), context.get('minProtoVersion'), context.get('maxProtoVersion'), context.get('groups')];
    };
    const before = tls.DEFAULT_MAX_VERSION;
    tls.DEFAULT_MAX_VERSION = 'TLSv1.2';
    for (const nothing of [undefined, null])
      expect(settings({ ciphers: nothing, minVersion: nothing, maxVersion: nothing, secureProtocol: nothing, ecdhCurve: nothing })).toEqual(
        settings({}),
      );
    tls.DEFAULT_MAX_VERSION = before;
  });

  it('finds compressors of certificates by their names', () => {
    const { context } = createSecureContext({ certificateCompression: ['zlib', 'brotli'] });
    expect(context.get('certCompression').map(({ id }) => id)).toEqual([1, 2]);
    expect(() => createSecureContext({ certificateCompression: ['lzw'] })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }),
    );
  });

  it('reads an encrypted key with its passphrase, and refuses it without', () => {
    const encrypted = createPrivateKey(key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' }) as string;
    const { context } = createSecureContext({ cert, key: encrypted, passphrase: 'secret' });
    expect(context.get('credentials').isKeyless).toBe(false);
    expect(createSecureContext({ cert, key: [{ pem: encrypted, passphrase: 'secret' }] }).context.get('credentials').isKeyless).toBe(false);
    expect(() => createSecureContext({ cert, key: encrypted, passphrase: 'wrong' })).toThrow(/bad decrypt/);
  });

  it('takes key objects of node:crypto', () => {
    expect(createSecureContext({ cert, key: createPrivateKey(key) }).context.get('credentials').isKeyless).toBe(false);
  });

  it('refuses a key that is not the certificate’s', () => {
    expect(() => createSecureContext({ cert, key: LIVE.clientKey })).toThrow(/key values mismatch/);
  });

  it('shares tickets between servers by ticketKeys', async () => {
    const ticketKeys = Buffer.alloc(48, 7);
    const sessions: Buffer[] = [];
    for (const expected of [false, true]) {
      const [a, b] = duplexPair();
      const server = new TLSSocket(b, { isServer: true, cert, key, ticketKeys });
      const client = connect({ socket: a, host: 'localhost', ca, ...(sessions[0] && { session: sessions[0] }) });
      const [session] = (await once(client, 'session')) as [Buffer];
      sessions.push(session);
      expect(client.isSessionReused()).toBe(expected);
      for (const end of [client, server]) end.destroy();
    }
  });

  it('takes certificate, key and authorities out of PKCS #12 files', async () => {
    const vectors = JSON.parse(readFileSync(new URL('../../test/vectors/pkcs12/files.json', import.meta.url), 'utf8'));
    const pfx = Buffer.from(vectors.files.aes256.pfx, 'base64');
    for (const options of [
      { pfx, passphrase: 'secret' },
      { pfx: [{ buf: pfx, passphrase: 'secret' }], passphrase: 'other' },
    ]) {
      const { context } = createSecureContext(options);
      const credential = context.get('credentials').selected;
      expect(credential?.chain.map((one) => one.subject.values('2.5.4.3'))).toEqual([['server.example'], ['Authority']]);
      expect(credential?.key).toBeDefined();
      expect(context.get('certStore').certificates).toHaveLength(1);
    }
    expect(() => createSecureContext({ pfx, passphrase: 'wrong' })).toThrow('mac verify failure');
    expect(() => createSecureContext({ pfx })).toThrow('mac verify failure');
    expect(() => createSecureContext({ pfx: Buffer.from('abc') })).toThrow();
    const certs = Buffer.from(vectors.files.certs.pfx, 'base64');
    expect(() => createSecureContext({ pfx: certs, passphrase: 'secret' })).toThrow('Unable to load private key from PFX data');
  });

  it('says so, once, where it does not know an option', async () => {
    const warned = once(process, 'warning');
    createSecureContext({ certt: 'typo', keyy: 'typo' } as object);
    const [warning] = (await warned) as [Error & { code: string }];
    expect([warning.code, warning.message]).toEqual(['LIBSSL_UNKNOWN_OPTION', 'unknown options "certt", "keyy" are ignored']);
    let again = 0;
    const count = (): number => again++;
    process.on('warning', count);
    createSecureContext({ certt: 'typo', keyy: 'typo' } as object);
    await new Promise(setImmediate);
    process.off('warning', count);
    expect(again).toBe(0);
  });
});
