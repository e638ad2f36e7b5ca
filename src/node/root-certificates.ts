import { X509Store } from '../x509/store.ts';

/** The part of `node:tls` that is asked, loaded when it is first needed: few programs need it, and it takes its time. */
interface Roots {
  readonly rootCertificates: readonly string[];
  readonly getCACertificates?: (type: 'default') => readonly string[];
}

/** The authorities that the runtime trusts, as PEM: those it was built with, or was told of at its start. */
export function rootCertificates(): readonly string[] {
  const tls = process.getBuiltinModule('node:tls') as unknown as Roots;
  return tls.getCACertificates?.('default') ?? tls.rootCertificates;
}

/** A store that trusts the runtime's authorities. They are loaded, once for the whole process, when a verification looks for the first. */
export function systemStore(): X509Store {
  const store = new X509Store();
  store.addLookup((subject) => roots().withSubject(subject));
  return store;
}

let loaded: X509Store | undefined;

function roots(): X509Store {
  if (loaded === undefined) {
    loaded = new X509Store();
    loaded.addPem(rootCertificates().join('\n'));
  }
  return loaded;
}
