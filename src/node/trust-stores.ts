/** Trust anchors from files and directories, read when they are first needed and once for the whole process. */

import { join } from 'node:path';
import { provider } from '#provider';
import { unlessMalformed } from '../asn1/asn1-error.ts';
import { type Certificate, parseCertificates } from '../x509/certificate.ts';
import { parseCrls } from '../x509/crl.ts';
import { nameHash } from '../x509/name-hash.ts';
import { type StoreLookup, X509Store } from '../x509/store.ts';
import { fs } from './builtins.ts';
import { systemStore } from './root-certificates.ts';
import { systemBundle } from './system-bundle.ts';

/** Where a store's anchors come from. */
export interface TrustSources {
  /** PEM bundles. */
  readonly files?: readonly string[];
  /** Directories of files named by subject hash (`openssl rehash`). */
  readonly directories?: readonly string[];
  /** `runtime`: what the runtime was built with; `bundle`: the operating system's bundle, or failing that the runtime's. */
  readonly system?: 'runtime' | 'bundle' | undefined;
}

/** A store over these sources. Files that cannot be read are an error at once; their certificates are parsed at the first look-up. */
export function trustStore({ files = [], directories = [], system }: TrustSources): X509Store {
  const bundle = system === 'bundle' ? systemBundle() : undefined;
  const store = system !== undefined && bundle === undefined ? systemStore() : new X509Store();
  for (const path of bundle === undefined ? files : [...files, bundle]) store.addLookup(bundleLookup(path));
  for (const path of directories) store.addLookup(directoryLookup(path));
  return store;
}

/** The operating system's directory of hashed names: SSL_CERT_DIR, or the usual one; undefined where there is none. */
export const systemDirectory = (): string | undefined =>
  [process.env['SSL_CERT_DIR'], '/etc/ssl/certs'].find((path) => path !== undefined && fs.existsSync(path));

/** Finds certificates in a PEM bundle, which all stores share until the file changes. */
export function bundleLookup(path: string): StoreLookup {
  const shared = bundle(path);
  return (subject) => shared.withSubject(subject);
}

const bundles: Map<string, { readonly modified: number; readonly store: X509Store }> = new Map();

function bundle(path: string): X509Store {
  const modified = fs.statSync(path).mtimeMs;
  const known = bundles.get(path);
  if (known?.modified === modified) return known.store;
  const store = new X509Store();
  store.addPem(fs.readFileSync(path));
  bundles.set(path, { modified, store });
  return store;
}

/** Certificates with one subject that are looked at: hashes collide, and directories may be written to by others. */
const MOST_NUMBERED = 32;

/** Finds certificates by the hash of their subject: `5ad8a5d6.0`, `5ad8a5d6.1` … (X509_LOOKUP_hash_dir(3)). */
export function directoryLookup(path: string): StoreLookup {
  if (!fs.statSync(path).isDirectory()) throw new TypeError(`${path} is not a directory`);
  return (subject) => {
    const found: Certificate[] = [];
    const hash = nameHash(subject, provider);
    for (let number = 0; number < MOST_NUMBERED; number++) {
      const bytes = contents(join(path, `${hash}.${number}`));
      if (bytes === undefined) break;
      const certificates = unlessMalformed(() => parseCertificates(bytes)) ?? [];
      found.push(...certificates.filter((certificate) => certificate.subject.matches(subject)));
    }
    return found;
  };
}

/** Takes the CRLs of a directory of hashed names (`5ad8a5d6.r0` …) into a store: revocation has no look-up by name. */
export function addDirectoryCrls(store: X509Store, path: string): void {
  for (const name of fs.readdirSync(path)) {
    if (!/^[0-9a-f]{8}\.r\d+$/.test(name)) continue;
    const bytes = contents(join(path, name));
    for (const crl of (bytes && unlessMalformed(() => parseCrls(bytes))) ?? []) store.addCrl(crl);
  }
}

function contents(path: string): Uint8Array | undefined {
  try {
    return fs.readFileSync(path);
  } catch {
    return undefined;
  }
}
