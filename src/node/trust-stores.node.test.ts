import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeIntermediate, makeLeaf, makeRoot, storeOf, verifyNow } from '../../test/support/authorities.ts';
import { makeCrl } from '../../test/support/crls.ts';
import { pemText } from '../asn1/pem.ts';
import { nodeProvider } from '../crypto/node.ts';
import { parseCertificates } from '../x509/certificate.ts';
import { nameHash } from '../x509/name-hash.ts';
import type { X509Store } from '../x509/store.ts';
import { systemBundle } from './system-bundle.ts';
import { addDirectoryCrls, bundleLookup, trustStore } from './trust-stores.ts';

const directory = mkdtempSync(join(tmpdir(), 'libssl-trust-'));
afterAll(() => rmSync(directory, { recursive: true }));

const root = makeRoot('Root  One');
const twin = makeRoot('root one');
const ca = makeIntermediate(root);
const chain = [makeLeaf(ca), ca];
const pem = pemText('CERTIFICATE', root.certificate.der);
const hash = nameHash(root.certificate.subject, nodeProvider);

const file = (name: string, text: string): string => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};

describe('trust stores', () => {
  it('take certificates from bundles', () => {
    const store = trustStore({ files: [file('bundle.pem', `# a comment\n${pem}`)] });
    expect(verifyNow(chain, store).accepted).toBe(true);
    expect(verifyNow(chain, trustStore({})).accepted).toBe(false);
    expect(() => trustStore({ files: [join(directory, 'none.pem')] })).toThrow('ENOENT');
  });

  it('share what a bundle holds until the file changes', () => {
    const path = file('shared.pem', pem);
    const [first, second] = [bundleLookup(path), bundleLookup(path)];
    expect(first(root.certificate.subject)).toBe(second(root.certificate.subject));
    writeFileSync(path, '');
    utimesSync(path, 1, 1);
    expect(bundleLookup(path)(root.certificate.subject)).toEqual([]);
  });

  it('look in directories of hashed names, past those that only share the hash', () => {
    expect(nameHash(twin.certificate.subject, nodeProvider)).toBe(hash);
    file(`${hash}.0`, pemText('CERTIFICATE', twin.certificate.der));
    file(`${hash}.1`, pem);
    const store = trustStore({ directories: [directory] });
    expect(verifyNow(chain, store).accepted).toBe(true);
    expect(verifyNow([makeLeaf(makeRoot('Other'))], store).result).toBe('UNABLE_TO_GET_ISSUER_CERT_LOCALLY');
    expect(() => trustStore({ directories: [join(directory, `${hash}.1`)] })).toThrow(TypeError);
  });

  it('take CRLs out of such a directory', () => {
    const crl = makeCrl(ca);
    file('00000000.r0', pemText('X509 CRL', crl.der));
    const store: X509Store = storeOf(root);
    addDirectoryCrls(store, directory);
    expect(store.crls).toHaveLength(1);
  });

  it('may be those of the system', () => {
    expect(trustStore({ system: 'runtime' }).lookups).toHaveLength(1);
    expect(trustStore({ system: 'bundle' }).lookups).toHaveLength(1);
    const path = systemBundle();
    if (path !== undefined) expect(existsSync(path)).toBe(true);
  });
});

describe('nameHash', () => {
  it('is what `openssl rehash` named the files of the system', () => {
    // A machine without such a directory has nothing to compare with: the loop is empty there.
    const names = existsSync('/etc/ssl/certs') ? readdirSync('/etc/ssl/certs').filter((name) => /^[0-9a-f]{8}\.0$/.test(name)) : [];
    const hashes = names.map((name) =>
      nameHash(parseCertificates(readFileSync(join('/etc/ssl/certs', name)))[0]?.subject ?? root.certificate.subject, nodeProvider),
    );
    expect(hashes).toEqual(names.map((name) => name.slice(0, 8)));
  });
});
