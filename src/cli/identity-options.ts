/** Certificates, keys, trust and pre-shared keys from files and words. */
import { readFileSync, statSync } from 'node:fs';
import { provider } from '#provider';
import { pemText } from '../asn1/pem.ts';
import { fromHex, utf8 } from '../bytes/bytes.ts';
import type { ExternalPsk } from '../config/credentials.ts';
import { systemStore } from '../node/root-certificates.ts';
import { addDirectoryCrls, bundleLookup, directoryLookup } from '../node/trust-stores.ts';
import type { SslContext } from '../ssl/context.ts';
import { parseCrls } from '../x509/crl.ts';
import { isPkcs12, type Pkcs12, parsePkcs12, pkcs12Identity } from '../x509/pkcs12.ts';
import { X509Store } from '../x509/store.ts';
import { type Arguments, type OptionGroup, usage } from './arguments.ts';
import { readSessionPem } from './session-file.ts';

export const IDENTITY_OPTIONS: OptionGroup = {
  title: 'Identity options',
  options: [
    { name: 'cert', value: 'infile', help: 'Certificate file, with further certificates of its chain; or PKCS #12, with the key as well' },
    { name: 'key', value: 'infile', help: 'Private key file; default: the -cert file' },
    { name: 'cert_chain', value: 'infile', help: 'Further certificates of the chain' },
    { name: 'pass', value: 'val', help: 'Passphrase of the key: pass:…, env:…, file:…' },
    { name: 'certform', value: 'PEM|DER', help: 'Has no effect: both are recognized' },
    { name: 'keyform', value: 'PEM|DER', help: 'Has no effect: both are recognized' },
    { name: 'CAfile', value: 'infile', help: 'Trusted certificates, PEM' },
    { name: 'CApath', value: 'dir', help: 'Directory of files with trusted certificates, named by hash' },
    { name: 'CAstore', value: 'uri', help: 'A file or such a directory of trusted certificates' },
    { name: 'verifyCAfile', value: 'infile', help: 'The same as -CAfile' },
    { name: 'no-CAfile', help: "Do not trust the runtime's authorities" },
    { name: 'no-CApath', help: 'The same' },
    { name: 'no-CAstore', help: 'The same' },
    { name: 'CRL', value: 'infile', help: 'Certificate revocation lists' },
    { name: 'verify_return_error', help: 'Close the connection on a verification error' },
    { name: 'verify_quiet', help: 'No verify output except errors' },
    { name: 'psk', value: 'val', help: 'Pre-shared key in hexadecimal' },
    { name: 'psk_identity', value: 'val', help: 'Its identity; default: Client_identity' },
    { name: 'psk_session', value: 'infile', help: 'Session file to take the pre-shared key from' },
    { name: 'nameopt', value: 'val', help: 'Has no effect' },
  ],
};

/** A file's bytes; one that cannot be read is said so. */
export function readInput(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    return usage(`Could not open file or uri for loading ${what} from ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Loads a certificate, its chain and its key. */
export function loadIdentity(context: SslContext, certPath: string, args: Arguments, keyPath: string = certPath): void {
  const chain = args.text('cert_chain');
  const extra = chain === undefined ? [] : [Buffer.from('\n'), readInput(chain, 'certificate chain')];
  const passphrase = args.text('pass');
  if (passphrase !== undefined) context.set('defaultPasswordCallback', () => passphraseOf(passphrase));
  const certificate = readInput(certPath, 'certificate');
  if (isPkcs12(certificate)) {
    useFile(context, certificate, passphrase);
    return;
  }
  context.useCertificate(Buffer.concat([certificate, ...extra]));
  context.usePrivateKey(readInput(keyPath, 'private key'));
}

/** A PKCS #12 file has the key, its certificate and its chain in one. */
function useFile(context: SslContext, bytes: Uint8Array, passphrase: string | undefined): void {
  const { key, certificate, others } = pkcs12Identity(readPkcs12(bytes, passphrase), context.provider);
  if (key === undefined || certificate === undefined) usage('No private key with its certificate in the PKCS #12 file');
  context.useCertificate([certificate, ...others].map(({ der }) => pemText('CERTIFICATE', der)).join(''));
  context.usePrivateKey(key);
}

/** The contents of a PKCS #12 file, opened by a password argument (`pass:…`). */
export function readPkcs12(bytes: Uint8Array, passphrase: string | undefined): Pkcs12 {
  return parsePkcs12(bytes, passphrase === undefined ? undefined : () => passphraseOf(passphrase), provider);
}

export function passphraseOf(source: string): string {
  const colon = source.indexOf(':');
  const rest = source.slice(colon + 1);
  switch (source.slice(0, colon)) {
    case 'pass':
      return rest;
    case 'env':
      return process.env[rest] ?? usage(`No environment variable ${rest}`);
    case 'file':
      return readInput(rest, 'passphrase').toString('utf8').split('\n')[0] ?? '';
    default:
      return usage(`Invalid password argument, starting with "${source.slice(0, colon)}"`);
  }
}

/** What a command line trusts: files and directories, and the runtime's authorities unless they are switched off. */
export function trustOf(args: Arguments): X509Store {
  const own = ['no-CAfile', 'no-CApath', 'no-CAstore'].some((name) => args.has(name));
  const store = own ? new X509Store() : systemStore();
  for (const name of ['CAfile', 'verifyCAfile']) {
    const path = args.text(name);
    if (path !== undefined) store.addPem(readInput(path, 'CA certificates'));
  }
  for (const path of [args.text('CApath'), args.text('CAstore')]) if (path !== undefined) trustPlace(store, path);
  const crl = args.text('CRL');
  if (crl !== undefined) for (const list of parseCrls(readInput(crl, 'CRL'))) store.addCrl(list);
  return store;
}

/** A directory of files named by hash, which are read when they are needed, or a bundle (-CAstore knows both). */
function trustPlace(store: X509Store, place: string): void {
  const path = place.replace(/^file:(\/\/)?/, '');
  try {
    const isDirectory = statSync(path).isDirectory();
    store.addLookup(isDirectory ? directoryLookup(path) : bundleLookup(path));
    if (isDirectory) addDirectoryCrls(store, path);
  } catch (error) {
    usage(`Error loading trusted certificates from ${place}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The pre-shared key of -psk or -psk_session. */
export function pskOf(args: Arguments): ExternalPsk | undefined {
  const file = args.text('psk_session');
  const identity = utf8(args.text('psk_identity') ?? 'Client_identity');
  if (file !== undefined) {
    const { secret, cipherSuite, maxEarlyData } = readSessionPem(readInput(file, 'PSK session').toString('latin1'), file).data;
    return { identity, key: secret, hash: cipherSuite === 0x1302 ? 'sha384' : 'sha256', maxEarlyData };
  }
  const hex = args.text('psk');
  if (hex === undefined) return undefined;
  try {
    return { identity, key: fromHex(hex) };
  } catch {
    return usage(`Not a hex number '${hex}'`);
  }
}
