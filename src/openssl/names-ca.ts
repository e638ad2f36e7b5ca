/** Names of authorities that are sent to the peer, and names the peer sent. */
import { pemBlocks } from '../asn1/pem.ts';
import type { SettingName } from '../config/settings.ts';
import { refuse } from '../registry/fatal.ts';
import { CERTIFICATE_LABELS, parseCertificate } from '../x509/certificate.ts';
import { parseName } from '../x509/name.ts';
import { ERR_clear_error } from './err.ts';
import { attempt } from './errors.ts';
import { readDirectory, readFile } from './files.ts';
import type { Holder } from './settings.ts';
import { alive } from './state.ts';
import type { SSL, SSL_CTX, X509, X509_NAME } from './types.ts';
import { X509_NAME_dup } from './x509.ts';

type ListName = Extract<SettingName, 'caList' | 'clientCaList'>;

const namesOf = (list: readonly Uint8Array[] | undefined): X509_NAME[] => (list ?? []).map(parseName);

const setList = (holder: Holder, name: ListName, names: readonly X509_NAME[] | null): void =>
  void holder.set(name, names === null ? undefined : names.map(({ raw }) => raw));

const add = (holder: Holder, name: ListName, x: X509 | null): number => {
  if (x === null) return 0;
  holder.set(name, [...(holder.get(name) ?? []), x.subject.raw]);
  return 1;
};

// ---- for the peer's certificates, as client or server

export const SSL_CTX_set0_CA_list = (ctx: SSL_CTX, names: readonly X509_NAME[] | null): void => setList(ctx, 'caList', names);
export const SSL_set0_CA_list = (ssl: SSL, names: readonly X509_NAME[] | null): void => setList(ssl, 'caList', names);
export const SSL_CTX_get0_CA_list = (ctx: SSL_CTX): X509_NAME[] => namesOf(ctx.get('caList'));
export const SSL_get0_CA_list = (ssl: SSL): X509_NAME[] => namesOf(alive(ssl).get('caList'));
export const SSL_CTX_add1_to_CA_list = (ctx: SSL_CTX, x: X509 | null): number => add(ctx, 'caList', x);
export const SSL_add1_to_CA_list = (ssl: SSL, x: X509 | null): number => add(ssl, 'caList', x);

// ---- for client certificates alone; it goes before the other

export const SSL_CTX_set_client_CA_list = (ctx: SSL_CTX, names: readonly X509_NAME[] | null): void => setList(ctx, 'clientCaList', names);
export const SSL_set_client_CA_list = (ssl: SSL, names: readonly X509_NAME[] | null): void => setList(ssl, 'clientCaList', names);
export const SSL_CTX_get_client_CA_list = (ctx: SSL_CTX): X509_NAME[] => namesOf(ctx.get('clientCaList'));
/** On a client, what the server sent; on a server, what it sends. */
export const SSL_get_client_CA_list = (ssl: SSL): X509_NAME[] | null =>
  alive(ssl).isServer ? namesOf(ssl.get('clientCaList')) : SSL_get0_peer_CA_list(ssl);
export const SSL_CTX_add_client_CA = (ctx: SSL_CTX, x: X509 | null): number => add(ctx, 'clientCaList', x);
export const SSL_add_client_CA = (ssl: SSL, x: X509 | null): number => add(ssl, 'clientCaList', x);

/** What the peer sent; null where it sent none. */
export const SSL_get0_peer_CA_list = (ssl: SSL): X509_NAME[] | null => {
  const names = alive(ssl).connection?.peerCaNames ?? [];
  return names.length === 0 ? null : namesOf(names);
};

// ---- lists out of files

export const SSL_dup_CA_list = (names: readonly X509_NAME[]): X509_NAME[] => names.map(X509_NAME_dup);

/** Subjects of a PEM bundle, each once; null where there is none. */
export const SSL_load_client_CA_file = (file: string): X509_NAME[] | null => {
  const names: X509_NAME[] = [];
  if (SSL_add_file_cert_subjects_to_stack(names, file) === 0 || names.length === 0) return null;
  ERR_clear_error();
  return names;
};

/** Adds the subjects of a PEM bundle that the list does not have. */
export const SSL_add_file_cert_subjects_to_stack = (names: X509_NAME[], file: string): number =>
  attempt('SSL_add_file_cert_subjects_to_stack', 0, () => {
    const bytes = readFile('SSL_add_file_cert_subjects_to_stack', file);
    if (bytes === null) return 0;
    const subjects = [...pemBlocks(bytes)]
      .filter(({ label }) => CERTIFICATE_LABELS.has(label))
      .map((block) => parseCertificate(block.bytes).subject);
    if (subjects.length === 0) refuse('NO_CERTIFICATE_ASSIGNED', file);
    for (const subject of subjects) if (!names.some((name) => name.matches(subject))) names.push(subject);
    return 1;
  });

export const SSL_add_dir_cert_subjects_to_stack = (names: X509_NAME[], directory: string): number => {
  const files = readDirectory('SSL_add_dir_cert_subjects_to_stack', directory);
  if (files === null) return 0;
  return files.every((file) => SSL_add_file_cert_subjects_to_stack(names, `${directory}/${file}`) === 1) ? 1 : 0;
};
