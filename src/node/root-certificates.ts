import { pemBlocks, pemText } from '../asn1/pem.ts';
import { type StoreLookup, X509Store } from '../x509/store.ts';
import { checkString, invalidType, invalidValue } from './arguments.ts';
import { fs } from './builtins.ts';
import { native } from './native.ts';
import { runtimeFlag } from './runtime-flags.ts';
import { systemBundle } from './system-bundle.ts';

/** The authorities the runtime was built with, as PEM. */
export const bundledCertificates = (): readonly string[] => native().rootCertificates;

/**
 * tls.rootCertificates, as an export by name: an array that is filled when somebody looks at it, since a program that brings its own
 * authorities need not load a megabyte of others.
 */
export const rootCertificates: readonly string[] = filledLater(bundledCertificates);

function filledLater(load: () => readonly string[]): readonly string[] {
  const list: string[] = [];
  const fill = (): void => {
    if (Object.isFrozen(list)) return;
    list.push(...load());
    Object.freeze(list);
  };
  // Every way to look at the array goes through a trap of this name; all fill it and then do what they do for any array.
  const traps = new Proxy<ProxyHandler<string[]>>(
    {},
    {
      get(_, trap) {
        fill();
        return Reflect.get(Reflect, trap);
      },
    },
  );
  return new Proxy(list, traps);
}

/**
 * tls.getCACertificates, as PEM: `bundled` with the runtime, `system` of the operating system, `extra` of NODE_EXTRA_CA_CERTS, or those that
 * are trusted by `default`. What the runtime has to say about it counts; below Node 22.15 it is put together here.
 */
export function getCACertificates(type = 'default'): readonly string[] {
  checkString('type', type);
  const { getCACertificates: asked } = native();
  // A list of our own stands for runtimes that cannot be told of one.
  if (type === 'default' && replaced !== undefined) return replaced;
  if (asked !== undefined) return asked(type);
  const load = Object.hasOwn(SOURCES, type) ? SOURCES[type] : undefined;
  if (load === undefined) throw invalidValue('type', type);
  cached[type] ??= Object.freeze(load());
  return cached[type];
}

const cached: Record<string, readonly string[]> = {};
const SOURCES: Readonly<Record<string, () => readonly string[]>> = {
  default: () => [...bundledCertificates(), ...getCACertificates('extra')],
  bundled: bundledCertificates,
  system: () => pemFile(systemBundle()),
  extra: () => pemFile(process.env['NODE_EXTRA_CA_CERTS']),
};

const pemFile = (path: string | undefined): readonly string[] =>
  path === undefined || path === '' ? [] : splitPem(fs.readFileSync(path, 'utf8'));

/** tls.setDefaultCACertificates: who is trusted from now on where `ca` does not say. The runtime's own connections are told, too. */
export function setDefaultCACertificates(certificates: readonly (string | ArrayBufferView)[]): void {
  if (!Array.isArray(certificates)) throw invalidType('certs', 'an instance of Array', certificates);
  const wrong = certificates.findIndex((item) => typeof item !== 'string' && !ArrayBuffer.isView(item));
  if (wrong >= 0) throw invalidType(`certs[${wrong}]`, 'of type string or an instance of ArrayBufferView', certificates[wrong]);
  const { setDefaultCACertificates: tell } = native();
  if (tell !== undefined) tell(certificates);
  else replaced = Object.freeze([...new Set(certificates.flatMap((item) => splitPem(typeof item === 'string' ? item : textOf(item))))]);
  loaded = undefined;
  changed = true;
}

/** Each certificate of a bundle as PEM of its own. */
const splitPem = (bundle: string): string[] =>
  [...pemBlocks(bundle)].filter(({ label }) => label === 'CERTIFICATE').map(({ bytes }) => pemText('CERTIFICATE', bytes));

const textOf = (view: ArrayBufferView): string => Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('latin1');

let replaced: readonly string[] | undefined;
let loaded: X509Store | undefined;
let changed = false;

/** `--use-openssl-ca`: those of SSL_CERT_FILE or the operating system in place of the bundled ones. The runtime does not list them. */
const followsOpenssl = (): boolean => !changed && runtimeFlag('--use-openssl-ca') !== undefined;
const opensslAuthorities = (): readonly string[] => [...pemFile(systemBundle()), ...getCACertificates('extra')];

/** A store that trusts the authorities of the day. They are loaded, once for the whole process, when a verification looks for the first. */
export function systemStore(): X509Store {
  const store = new X509Store();
  store.addLookup(systemAuthorities);
  return store;
}

/** The authorities of the day that have a name. */
export const systemAuthorities: StoreLookup = (subject) => roots().withSubject(subject);

function roots(): X509Store {
  if (loaded === undefined) {
    loaded = new X509Store();
    loaded.addPem((followsOpenssl() ? opensslAuthorities() : getCACertificates()).join('\n'));
  }
  return loaded;
}
