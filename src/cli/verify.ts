/** `libssl verify`: chains of certificates, judged and reported as `openssl verify` does. */
import { statSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { provider } from '#provider';
import { Asn1Error } from '../asn1/asn1-error.ts';
import { systemBundle } from '../node/system-bundle.ts';
import { addDirectoryCrls, systemDirectory, trustStore } from '../node/trust-stores.ts';
import type { X509VerifyResult } from '../registry/verify-results.ts';
import { VERIFY_TEXTS } from '../registry/verify-texts.ts';
import { X509_V_FLAG } from '../registry/x509-flags.ts';
import { type Certificate, parseCertificates } from '../x509/certificate.ts';
import { parseCrls } from '../x509/crl.ts';
import { nameText } from '../x509/name-text.ts';
import { X509Store } from '../x509/store.ts';
import { type StoreContext, type VerifyOutcome, verifyChain } from '../x509/verify.ts';
import type { X509VerifyParam } from '../x509/verify-params.ts';
import { type Arguments, helpText, type OptionGroup, parseArguments, usage } from './arguments.ts';
import { readInput } from './identity-options.ts';
import { type Command, type Terminal, UsageError } from './terminal.ts';
import { draftOf, VALIDATION_OPTIONS } from './tls-options.ts';
import { NO_POLICIES } from './verify-output.ts';

const GROUPS: readonly OptionGroup[] = [
  {
    title: 'General options',
    options: [
      { name: 'help', help: 'Display this summary' },
      { name: 'verbose', help: 'Has no effect' },
      { name: 'nameopt', value: 'val', help: 'Has no effect' },
      { name: 'show_chain', help: 'Display information about the certificate chain' },
    ],
  },
  {
    title: 'Certificate chain options',
    options: [
      { name: 'CAfile', value: 'infile', help: 'A file of trusted certificates' },
      { name: 'CApath', value: 'dir', help: 'A directory of files with trusted certificates, named by hash' },
      { name: 'CAstore', value: 'uri', help: 'A file or directory of trusted certificates' },
      { name: 'no-CAfile', help: "Do not load the system's file of certificates" },
      { name: 'no-CApath', help: "Do not look in the system's directory of certificates" },
      { name: 'no-CAstore', help: 'Has no effect: there is no such store' },
      { name: 'trusted', value: 'infile', help: 'Trusted certificates and no others; may be repeated' },
      { name: 'untrusted', value: 'infile', help: 'Further certificates of the chain; may be repeated' },
      { name: 'CRLfile', value: 'infile', help: 'Certificate revocation lists; may be repeated' },
    ],
  },
  VALIDATION_OPTIONS,
  {
    title: 'Policies',
    options: [
      { name: 'policy', value: 'val', help: 'An acceptable policy as a dotted OID; may be repeated' },
      { name: 'inhibit_any', help: 'Inhibit any policy' },
      { name: 'inhibit_map', help: 'Inhibit policy mapping' },
      { name: 'no_alt_chains', help: 'Has no effect: every chain is tried' },
    ],
  },
];

const FLAGS = { inhibit_any: X509_V_FLAG.INHIBIT_ANY, inhibit_map: X509_V_FLAG.INHIBIT_MAP } as const;

export const verify: Command = {
  summary: 'verifies certificate chains',
  async run(words, terminal) {
    const args = parseArguments(words, GROUPS);
    if (args.has('help')) {
      terminal.output.write(helpText('libssl verify [options] [certificate ...]', GROUPS));
      return 0;
    }
    const inputs = inputsOf(args);
    let good = true;
    for (const name of args.rest.length > 0 ? args.rest : [undefined]) good = (await verifyOne(name, inputs, terminal)) && good;
    return good ? 0 : 2;
  },
};

/** What all certificates of a command line are verified with. */
interface Inputs {
  readonly store: X509Store;
  readonly untrusted: readonly Certificate[];
  readonly params: X509VerifyParam;
  readonly showChain: boolean;
}

function inputsOf(args: Arguments): Inputs {
  const params = draftOf(args, 0).verify;
  for (const [name, bit] of Object.entries(FLAGS)) if (args.has(name)) params.setFlags(bit);
  const policies = args.all('policy');
  if (policies.length > 0) params.setPolicies(policies);
  const places = ['CAfile', 'CApath', 'CAstore'];
  if (args.has('trusted') && places.some((place) => args.has(place))) usage('Cannot use -trusted with -CAfile, -CApath or -CAstore');
  const store = args.has('trusted') ? onlyTrusted(args) : trusted(args);
  for (const path of args.all('CRLfile')) for (const crl of readable(path, 'CRL', parseCrls)) store.addCrl(crl);
  const untrusted = args.all('untrusted').flatMap((path) => readable(path, 'untrusted certificates', parseCertificates));
  return { store, untrusted, params, showChain: args.has('show_chain') };
}

function onlyTrusted(args: Arguments): X509Store {
  const store = new X509Store();
  for (const path of args.all('trusted')) for (const one of readable(path, 'trusted certificates', parseCertificates)) store.add(one);
  return store;
}

/** A place that was not named is the system's, unless it is switched off (SSL_CTX_set_default_verify_paths(3)). */
function trusted(args: Arguments): X509Store {
  const file = args.text('CAfile') ?? (args.has('no-CAfile') ? undefined : systemBundle());
  const directory = args.text('CApath') ?? (args.has('no-CApath') ? undefined : systemDirectory());
  const place = args.text('CAstore')?.replace(/^file:(\/\/)?/, '');
  try {
    const isFolder = place !== undefined && statSync(place).isDirectory();
    const directories = [directory, isFolder ? place : undefined].filter((path) => path !== undefined);
    const files = [file, isFolder ? undefined : place].filter((path) => path !== undefined);
    const store = trustStore({ files, directories });
    for (const path of directories) addDirectoryCrls(store, path);
    return store;
  } catch (error) {
    return usage(`Error loading trusted certificates: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readable<T>(path: string, what: string, parse: (bytes: Uint8Array) => readonly T[]): readonly T[] {
  const bytes = readInput(path, what);
  try {
    const found = parse(bytes);
    return found.length > 0 ? found : usage(`Could not read ${what} from ${path}`);
  } catch (error) {
    if (error instanceof Asn1Error) return usage(`Could not read ${what} from ${path}: ${error.message}`);
    throw error;
  }
}

async function verifyOne(name: string | undefined, inputs: Inputs, terminal: Terminal): Promise<boolean> {
  const { store, untrusted, params, showChain } = inputs;
  const { output, errors } = terminal;
  const leaf = await load(name, terminal);
  if (leaf === undefined) return false;
  const outcome = await verifyChain({
    provider,
    chain: [leaf],
    untrusted,
    store,
    params,
    purpose: 'any',
    now: Math.floor(Date.now() / 1000),
    verifyCallback: (ok, context) => report(errors, ok, context),
  });
  if (!outcome.accepted || outcome.result !== 'OK') {
    errors.write(`error ${name ?? 'stdin'}: verification failed\n`);
    return false;
  }
  output.write(`${name ?? 'stdin'}: OK\n`);
  if (showChain) output.write(chainText(outcome, store));
  return true;
}

/** The first certificate of a file, as OpenSSL takes it. */
async function load(name: string | undefined, { input, errors }: Terminal): Promise<Certificate | undefined> {
  try {
    const [leaf] = name === undefined ? parseCertificates(await text(input)) : parseCertificates(readInput(name, 'certificate file'));
    if (leaf !== undefined) return leaf;
    errors.write(`Could not read certificate file from ${name ?? '<stdin>'}\n`);
  } catch (error) {
    if (error instanceof UsageError) errors.write(`${error.message}\n`);
    else if (error instanceof Asn1Error) errors.write(`Could not read certificate file from ${name ?? '<stdin>'}: ${error.message}\n`);
    else throw error;
  }
  errors.write('Unable to load certificate file\n');
  return undefined;
}

/** Prints a problem; after some the rest of the chain is still looked at, though the verdict stands. */
function report(errors: Writable, ok: boolean, { certificate, result, resultCode, depth }: StoreContext): boolean {
  if (ok) return true;
  if (certificate !== undefined) errors.write(`${nameText(certificate.subject)}\n`);
  errors.write(`error ${resultCode} at ${depth} depth lookup: ${VERIFY_TEXTS[result]}\n`);
  if (result === 'NO_EXPLICIT_POLICY') errors.write(NO_POLICIES);
  return GONE_ON_AFTER.has(result);
}

const GONE_ON_AFTER: ReadonlySet<X509VerifyResult> = new Set<X509VerifyResult>([
  'NO_EXPLICIT_POLICY',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'INVALID_CA',
  'INVALID_NON_CA',
  'PATH_LENGTH_EXCEEDED',
  'CRL_HAS_EXPIRED',
  'CRL_NOT_YET_VALID',
  'UNHANDLED_CRITICAL_EXTENSION',
  'INVALID_PURPOSE',
  'PATHLEN_INVALID_FOR_NON_CA',
  'PATHLEN_WITHOUT_KU_KEY_CERT_SIGN',
  'CA_BCONS_NOT_CRITICAL',
  'CA_CERT_MISSING_KEY_USAGE',
  'KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA',
  'ISSUER_NAME_EMPTY',
  'SUBJECT_NAME_EMPTY',
  'EMPTY_SUBJECT_ALT_NAME',
  'EMPTY_SUBJECT_SAN_NOT_CRITICAL',
  'AUTHORITY_KEY_IDENTIFIER_CRITICAL',
  'SUBJECT_KEY_IDENTIFIER_CRITICAL',
  'MISSING_AUTHORITY_KEY_IDENTIFIER',
  'MISSING_SUBJECT_KEY_IDENTIFIER',
  'EXTENSIONS_REQUIRE_VERSION_3',
]);

function chainText({ chain }: VerifyOutcome, store: X509Store): string {
  const first = chain.findIndex((certificate) => isTrusted(store, certificate));
  const lines = chain.map(
    ({ subject }, depth) => `depth=${depth}: ${nameText(subject)}${first < 0 || depth < first ? ' (untrusted)' : ''}\n`,
  );
  return `Chain:\n${lines.join('')}`;
}

/** The store asks its files only for what it does not have itself. */
function isTrusted(store: X509Store, certificate: Certificate): boolean {
  if (store.has(certificate)) return true;
  return store.lookups.some((lookup) => {
    const found = lookup(certificate.subject);
    return !(found instanceof Promise) && found.some((other) => other.equals(certificate));
  });
}
