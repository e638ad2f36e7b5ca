/** Rules of single messages and turns that no happy handshake shows. */
import { describe, expect, it } from 'vitest';
import { clientContext, connected, handshake, join, pair, serverContext } from '../../test/support/connect.ts';
import { canDecrypt, testCertificate } from '../../test/support/pki.ts';
import type { Bio } from '../bio/bio.ts';
import { MemBio } from '../bio/mem.ts';
import type { ClientHelloInfo } from '../config/callbacks.ts';
import { signatureAlgorithms } from '../extensions/id-lists.ts';
import { supportedVersions } from '../extensions/supported-versions.ts';
import { readBlock } from '../extensions/table.ts';
import { OPTIONS } from '../registry/options.ts';
import { signatureScheme } from '../registry/signature-schemes.ts';
import { TLS1_1_VERSION, TLS1_2_VERSION, TLS1_VERSION } from '../registry/versions.ts';
import type { SslContextOptions } from '../ssl/context.ts';
import { Ssl } from '../ssl/ssl.ts';
import { encodeMessage } from '../wire/message.ts';
import { serverHello } from '../wire/server-hello.ts';
import { KEY_USAGE } from '../x509/extensions.ts';
import { hasRoom } from './common/certificate-verify.ts';
import { checkPointFormats } from './common/tls12.ts';

const TLS12: SslContextOptions = { maxProtoVersion: TLS1_2_VERSION };
const RENEGOTIATING: SslContextOptions = { ...TLS12, options: OPTIONS.LEGACY_SERVER_CONNECT };

/** Takes nothing until it is opened. */
class ClosedBio implements Bio {
  readonly inner: MemBio = new MemBio();
  open = false;
  read(max: number): Uint8Array | 'retry' | 'eof' {
    return this.inner.read(max);
  }
  write(bytes: Uint8Array): number {
    return this.open ? this.inner.write(bytes) : 0;
  }
}

describe('a BIO that is full', () => {
  it('gets the alert of a connection that failed once it has room', () => {
    const { server } = pair();
    const output = new ClosedBio();
    server.setBio(new MemBio(Uint8Array.of(22, 3, 1, 0, 4, 2, 0, 0, 0)), output);
    expect(() => server.doHandshake()).toThrow('unexpected message');
    expect(server.flush()).toBe(false);
    output.open = true;
    expect(server.flush()).toBe(true);
    expect(output.read(7)).toEqual(Uint8Array.of(21, 3, 1, 0, 2, 2, 10));
  });

  it('gets the alert of an application that ends the connection', () => {
    const { client, server, toServer } = connected();
    const output = new ClosedBio();
    client.setBio(new MemBio(), output);
    expect(client.sendFatalAlert(49)).toBe(false);
    expect(client.want).toBe('write');
    output.open = true;
    expect(client.flush()).toBe(true);
    const sent = output.read(100);
    if (sent instanceof Uint8Array) toServer.write(sent);
    expect(() => server.read()).toThrow(expect.objectContaining({ reason: 'TLSV1_ALERT_ACCESS_DENIED' }));
    expect(() => client.write(Uint8Array.of(1))).toThrow(expect.objectContaining({ reason: 'PROTOCOL_IS_SHUTDOWN' }));
    expect(() => client.sendFatalAlert(49)).toThrow(expect.objectContaining({ reason: 'PROTOCOL_IS_SHUTDOWN' }));
    for (const code of [0, 90, 255]) expect(() => server.sendFatalAlert(code)).toThrow(expect.objectContaining({ reason: 'BAD_VALUE' }));
  });

  it('keeps the two stages of a shutdown apart', () => {
    const { client } = connected();
    const output = new ClosedBio();
    client.setBio(new MemBio(), output);
    expect(client.shutdown()).toBe(false);
    expect(client.want).toBe('write');
    output.open = true;
    expect(client.shutdown()).toBe(false);
    expect(client.want).toBe('nothing');
  });
});

describe('a ClientHello', () => {
  const hellos: ClientHelloInfo[] = [];
  const watching: SslContextOptions = {
    clientHelloCallback: (_ssl, hello) => {
      hellos.push(hello);
      return 'ok';
    },
  };
  const has = (hello: ClientHelloInfo | undefined, { id }: { readonly id: number }) => hello?.extensions.some(({ type }) => type === id);

  it('names no signature algorithms to servers before TLS 1.2', () => {
    const versions = { minProtoVersion: TLS1_VERSION, maxProtoVersion: TLS1_1_VERSION };
    const old: SslContextOptions = { ...versions, cipherList: ['ECDHE-ECDSA-AES128-SHA'], securityLevel: 0 };
    const both = pair(old, serverContext({ ...old, ...watching }));
    both.client.doHandshake();
    expect(() => both.server.doHandshake()).not.toThrow();
    expect(has(hellos.at(-1), signatureAlgorithms)).toBe(false);
  });

  it('of a renegotiation offers neither another version nor a session', () => {
    const { client, server } = connected({ ...RENEGOTIATING, maxProtoVersion: 0 }, { ...RENEGOTIATING, ...watching });
    client.renegotiate();
    for (let i = 0; i < 4; i++) {
      client.doHandshake();
      server.read();
    }
    expect(hellos.at(-1)?.sessionId).toHaveLength(0);
    expect(has(hellos.at(-1), supportedVersions)).toBe(false);
    expect(client.isInitFinished && server.isInitFinished).toBe(true);
  });
});

describe('a renegotiation under way', () => {
  it('has no secret to export from', () => {
    const { client } = connected(RENEGOTIATING, RENEGOTIATING);
    expect(client.exportKeyingMaterial(8, 'label')).toHaveLength(8);
    client.renegotiate();
    client.doHandshake();
    expect(() => client.exportKeyingMaterial(8, 'label')).toThrow('still in init');
  });
});

describe('a server', () => {
  it('without extensions to answer sends not even their length', () => {
    const hello = { legacyVersion: TLS1_2_VERSION, random: new Uint8Array(32), legacySessionIdEcho: new Uint8Array(0) };
    expect(encodeMessage(serverHello, { ...hello, cipherSuite: 47, legacyCompressionMethod: 0, extensions: [] })).toHaveLength(42);
  });

  it.each([TLS12, {}])('knows the client’s schemes when it is asked for certificates', (options) => {
    let schemes = 0;
    const certCallback = (ssl: Ssl): boolean => {
      schemes = ssl.connection?.peerSignatureSchemes.length ?? 0;
      return true;
    };
    connected(options, serverContext({ certCallback }));
    expect(schemes).toBeGreaterThan(0);
  });

  it.each([TLS12, {}])('ends the handshake where its OCSP callback says so', (options) => {
    const both = pair({ ...options, statusRequest: true }, serverContext({ statusCallback: () => false }));
    expect(() => handshake(both)).toThrow('ocsp callback failure');
  });

  it.skipIf(!canDecrypt)('decrypts where it shares no signature algorithm with the client', () => {
    const suites: SslContextOptions = { ...TLS12, cipherList: ['ECDHE-RSA-AES128-GCM-SHA256', 'AES128-GCM-SHA256'] };
    const { client } = connected({ ...suites, sigalgs: ['ecdsa_secp256r1_sha256'] }, suites, 'rsa');
    expect(client.connection?.suite?.name).toBe('AES128-GCM-SHA256');
  });
});

describe('a certificate that says what its key is for', () => {
  const speak = (cipher: string, keyUsage: number): void => {
    const both: SslContextOptions = { ...TLS12, cipherList: [cipher] };
    const server = serverContext({ ...both, cert: testCertificate({ key: 'rsa', keyUsage }) }, 'rsa');
    handshake(join(new Ssl(clientContext(both)), new Ssl(server)));
  };

  it('signs or not as it says', () => {
    speak('ECDHE-RSA-AES128-GCM-SHA256', KEY_USAGE.digitalSignature);
    expect(() => speak('ECDHE-RSA-AES128-GCM-SHA256', KEY_USAGE.keyEncipherment)).toThrow('not for digitalSignature');
  });

  it.skipIf(!canDecrypt)('decrypts or not as it says', () => {
    speak('AES128-GCM-SHA256', KEY_USAGE.keyEncipherment);
    expect(() => speak('AES128-GCM-SHA256', KEY_USAGE.digitalSignature)).toThrow('not for keyEncipherment');
  });
});

describe('an RSA key', () => {
  it('that is too short for a scheme does not sign with it', () => {
    const key = { kind: 'rsa', n: new Uint8Array(128).fill(1), e: Uint8Array.of(3) } as const;
    const fitting = [0x0804, 0x0805, 0x0806, 0x0601].filter((id) => {
      const scheme = signatureScheme(id);
      return scheme !== undefined && hasRoom(scheme, key);
    });
    expect(fitting).toEqual([0x0804, 0x0805, 0x0601]);
  });
});

describe('extensions', () => {
  const refused = (type: number, ...data: readonly number[]) => expect(() => readBlock('SH12', [{ type, data: Uint8Array.from(data) }]));

  it('of point formats have the uncompressed one', () => {
    expect(() => checkPointFormats(Uint8Array.of(1))).toThrow('tls invalid ecpointformat list');
    expect(() => checkPointFormats(Uint8Array.of(1, 0))).not.toThrow();
    expect(() => checkPointFormats(undefined)).not.toThrow();
  });

  it('of timestamps have some, and none is empty', () => {
    refused(18, 0, 0).toThrow('bad length');
    refused(18, 0, 2, 0, 0).toThrow('bad length');
    refused(18, 0, 3, 0, 1, 9).not.toThrow();
  });
});

describe('ML-KEM alone', () => {
  it.each(['MLKEM768', 'MLKEM1024'])('agrees on keys: %s', (group) => {
    const { client } = connected({ groups: [group] }, { groups: [group] });
    expect(client.isInitFinished).toBe(true);
  });
});
