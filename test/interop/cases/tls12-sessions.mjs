// Sessions of TLS 1.0 to 1.2 by ticket and by id, and session files that cross between OpenSSL and us.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { readSessionPem, sessionPem } from '../../../dist/cli/session-file.js';
import {
  cipherSuiteName,
  OPTIONS,
  TLS1_1_VERSION,
  TLS1_2_VERSION,
  TLS1_3_VERSION,
  TLS1_VERSION,
  versionName,
} from '../../../dist/index.js';
import { converse, stage } from '../conversation.mjs';
import { VERSIONS } from '../peers/names.mjs';
import { comeBack } from './come-back.mjs';

const older = (version) => (version < TLS1_2_VERSION ? { ciphers: ['ECDHE-ECDSA-AES128-SHA'] } : {});
const BY_ID = { us: { options: OPTIONS.NO_TICKET } };

/** Each version, by ticket and by session id. */
const KINDS = [TLS1_2_VERSION, TLS1_1_VERSION, TLS1_VERSION].flatMap((version) => [
  { title: `${VERSIONS[version].name}, a ticket`, setup: { version, ...older(version) } },
  { title: `${VERSIONS[version].name}, a session id`, setup: { version, ...older(version), ...BY_ID }, byId: true },
]);

/** node:tls keeps no sessions of its own: it resumes by ticket, or by what its application keeps. */
const keepsSessions = (peer) => !peer.name.startsWith('node');

const resumption = {
  topic: 'TLSv1.2 resumption',
  cases(peer, ours) {
    const kinds = KINDS.filter(({ byId }) => ours === 'server' || !byId || keepsSessions(peer));
    return [
      ...kinds.map(({ title, setup, byId }) => ({ title, run: (t) => resume(t, setup, byId) })),
      { title: 'with a client certificate', run: (t) => resume(t, { version: TLS1_2_VERSION, clientCertificate: 'p256' }) },
      ...(ours === 'server'
        ? [
            {
              title: 'a ticket key shared by a fleet',
              run: (t) => resume(t, { version: TLS1_2_VERSION, us: { ticketKeys: [randomBytes(80)] } }),
            },
          ]
        : []),
      ...(peer.name === 'openssl' ? [{ title: 'refused, and all is well', run: (t) => notResumed(t) }] : []),
    ];
  },
};

/** A full handshake, then one from what it left. */
async function resume(t, setup, byId = false) {
  const end = t.ours === 'client' ? await resumeAsClient(t, setup) : await comeBack(t, setup, {});
  assert.equal(end.connection.reused, true);
  assert.equal(end.connection.version, setup.version);
  if (t.ours === 'client') assert.equal(end.ssl.session.data.ticket.length === 0, byId);
}

async function firstSession({ connect }) {
  const { end, peer } = await connect();
  await end.handshake();
  await peer.talk(end);
  const session = end.ssl.session.upRef();
  await peer.part(end);
  return session;
}

async function resumeAsClient(t, setup) {
  const { connect } = await stage(t, setup);
  const session = await firstSession({ connect });
  const { end, peer } = await connect((ssl) => ssl.setSession(session));
  await end.handshake();
  await peer.talk(end);
  await peer.part(end);
  return end;
}

/** The other side has forgotten: a ticket under another key, an id that nobody knows. */
async function notResumed(t) {
  const setup = { version: TLS1_2_VERSION, ...(t.ours === 'client' && { them: { args: ['-no_ticket', '-no_cache'] } }) };
  if (t.ours === 'client') {
    const session = await firstSession(await stage(t, { version: TLS1_2_VERSION }));
    await converse(
      t,
      setup,
      ({ connection }) => assert.equal(connection.reused, false),
      (ssl) => ssl.setSession(session),
    );
    return;
  }
  const end = await comeBack(
    t,
    { ...setup, us: { ticketKeys: [randomBytes(80)] } },
    { beforeHandshake: async ({ ssl }) => ssl.context.set('ticketKeys', [randomBytes(80)]) },
  );
  assert.equal(end.connection.reused, false);
}

// ---- files

const FILES = [
  { title: 'TLSv1.2, a ticket', setup: { version: TLS1_2_VERSION } },
  { title: 'TLSv1.2, a session id', setup: { version: TLS1_2_VERSION, them: { args: ['-no_ticket'] } } },
  { title: 'TLSv1.2, with a client certificate', setup: { version: TLS1_2_VERSION, clientCertificate: 'p256' } },
  { title: 'TLSv1, a ticket', setup: { version: TLS1_VERSION, ...older(TLS1_VERSION) } },
  { title: 'TLSv1.3', setup: { version: TLS1_3_VERSION } },
];

const files = {
  topic: 'session-files',
  cases: (peer, ours) =>
    peer.name !== 'openssl' || ours !== 'client'
      ? []
      : FILES.flatMap(({ title, setup }) => [
          { title: `theirs, read by us: ${title}`, run: (t) => readTheirs(t, setup) },
          { title: `ours, read by them: ${title}`, run: (t) => writeOurs(t, setup) },
        ]),
};

/** `s_client` against the same server as ours; gives what it said. */
function sClient(t, port, { version, ciphers, clientCertificate }, args) {
  return t.peer.client(
    t.scope,
    {
      version,
      ciphers,
      ca: t.pki.ca,
      serverName: 'server.example',
      clientIdentity: clientCertificate && t.pki.client[clientCertificate],
      args,
    },
    port,
  );
}

async function readTheirs(t, setup) {
  const { connect, peer } = await stage(t, setup);
  const file = await t.scope.file('session.pem');
  const client = await sClient(t, peer.port, setup, ['-sess_out', file]);
  await client.says(/Verify return code: 0/);
  peer.write('a line that brings what comes after the handshake\n');
  await client.says('a line that brings');
  client.program.endInput();
  await client.program.exit;
  await peer.ended();
  const pem = readFileSync(file, 'utf8');
  const session = readSessionPem(pem, file);
  assert.deepEqual(fieldsOf(session), fieldsOfText(textOf(file)));
  const { end, peer: server } = await connect((ssl) => ssl.setSession(session));
  await end.handshake();
  await server.talk(end);
  assert.equal(end.connection.reused, true);
  await server.part(end);
}

async function writeOurs(t, setup) {
  const staged = await stage(t, setup);
  const session = await firstSession(staged);
  const file = await t.scope.file('session.pem');
  writeFileSync(file, sessionPem(session));
  assert.deepEqual(fieldsOf(session), fieldsOfText(textOf(file)));
  const client = await sClient(t, staged.peer.port, setup, ['-sess_in', file]);
  await client.says(/Reused, TLSv1/);
  client.program.endInput();
  await client.program.exit;
}

const textOf = (file) => execFileSync('openssl', ['sess_id', '-in', file, '-text', '-noout'], { encoding: 'utf8' });

/** What `openssl sess_id -text` says, as far as a session of ours has it. */
function fieldsOfText(text) {
  const value = (name) => new RegExp(`^ +${name}: *(.*)$`, 'm').exec(text)?.[1]?.trim();
  const ticket = [...text.matchAll(/^ +[0-9a-f]{4} - ((?:[0-9a-f]{2}[ -])+)/gm)].map(([, bytes]) => bytes.replaceAll(/[ -]/g, '')).join('');
  return {
    protocol: value('Protocol *'),
    cipher: value('Cipher *'),
    id: value('Session-ID'),
    idContext: value('Session-ID-ctx'),
    secret: value('Master-Key') ?? value('Resumption PSK'),
    hint: value('TLS session ticket lifetime hint')?.split(' ')[0],
    ticket,
    start: value('Start Time'),
    timeout: value('Timeout *')?.split(' ')[0],
    verified: value('Verify return code'),
    extendedMasterSecret: value('Extended master secret'),
    maxEarlyData: value('Max Early Data'),
  };
}

const hex = (bytes) => Buffer.from(bytes).toString('hex');

/** The same of a session object. */
function fieldsOf({ data: s }) {
  return {
    protocol: versionName(s.version),
    cipher: cipherSuiteName(s.cipherSuite),
    id: hex(s.id).toUpperCase(),
    idContext: hex(s.idContext).toUpperCase(),
    secret: hex(s.secret).toUpperCase(),
    hint: s.ticketLifetime > 0 ? `${s.ticketLifetime}` : undefined,
    ticket: hex(s.ticket),
    start: `${Math.floor(s.createdAt / 1000)}`,
    timeout: `${s.timeout}`,
    verified: '0 (ok)',
    extendedMasterSecret: s.version < TLS1_3_VERSION && s.extendedMasterSecret ? 'yes' : 'no',
    maxEarlyData: s.version < TLS1_3_VERSION ? undefined : `${s.maxEarlyData}`,
  };
}

export const tls12Sessions = [resumption, files];
