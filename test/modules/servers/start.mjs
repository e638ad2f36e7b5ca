// What the servers have in common: where their programs lie, whose they are, and when they are up.
import { spawnSync } from 'node:child_process';
import { chownSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

const NOBODY = 65_534;

/** Servers that hold data refuse to run as root. */
export const ACCOUNT = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

/** A program's path: beside the others, or where Debian puts what only services call. */
export function programOf(name) {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...(process.env['PATH'] ?? '').split(':'),
    '/usr/sbin',
    '/usr/lib/postfix/sbin',
    ...versions.map((version) => `/usr/lib/postgresql/${version}/bin`),
  ];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** What a program says of its version; undefined where it is missing. */
export function versionOf(name, args, pattern) {
  const program = programOf(name);
  if (program === undefined) return undefined;
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return pattern.exec(stdout + stderr)?.[1];
}

/** A directory that belongs to the servers' account. */
export function ownDirectory(parent, name) {
  const path = mkdtempSync(join(parent, `${name}-`));
  own(path);
  return path;
}

/** Certificates as files that the server may read, and nobody else the keys. */
export function ownCertificates(directory, { server, ca }) {
  const folder = join(directory, 'tls');
  mkdirSync(folder);
  own(folder);
  const file = (path, name) => {
    copyFileSync(path, join(folder, name));
    own(join(folder, name));
    return join(folder, name);
  };
  return { cert: file(server.certFile, 'server.pem'), key: file(server.keyFile, 'server-key.pem'), ca: file(ca.certFile, 'ca.pem') };
}

export function own(path) {
  if (ACCOUNT.uid !== undefined) chownSync(path, ACCOUNT.uid, ACCOUNT.gid);
}

/** Waits until somebody listens. */
export async function listens(program, port) {
  while (!(await answers(port))) {
    if (program.exited) throw new Error(`${program.line.split(' ')[0]} did not start\n${program.output}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const answers = (port) =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => resolve(false));
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
