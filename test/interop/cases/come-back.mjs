// How each client comes back with a ticket of ours. Every function gives our end of the second connection.
import { stage } from '../conversation.mjs';

/**
 * @param {import('../conversation.mjs').Stage} t
 * @param {object} setup
 * @param {{ args?: string[], earlyFile?: string, beforeHandshake?: (end: import('../ours.mjs').End) => Promise<void> }} options of the second connection
 */
export const comeBack = (t, setup, options) => (WAYS[t.peer.name] ?? withNode)(t, setup, options);

const WAYS = { openssl: withOpenssl, gnutls: withGnutls, curl: withCurl };

/** Two runs, with the session in a file. */
async function withOpenssl(t, setup, { args = [], earlyFile, beforeHandshake }) {
  const session = await t.scope.file('session');
  const { connect } = await stage(t, setup);
  const first = await connect(undefined, { saveSession: session });
  await first.end.handshake();
  await first.peer.talk(first.end);
  await first.peer.part(first.end);
  const { end, peer } = await connect(undefined, { session, earlyFile, args });
  await beforeHandshake?.(end);
  await end.handshake();
  await peer.talk(end);
  await peer.part(end);
  return end;
}

/** One run, which connects a second time by itself. */
async function withGnutls(t, setup, { earlyFile, beforeHandshake }) {
  const { connect, server } = await stage(t, { ...setup, them: { ...setup.them, resume: true, earlyFile } });
  const { end: first, peer } = await connect();
  await first.handshake();
  while ((await first.read()) !== undefined);
  await first.close();
  const end = await server.accept();
  await beforeHandshake?.(end);
  await end.handshake();
  await peer.talk(end);
  await peer.part(end);
  return end;
}

/** Two addresses in one run. */
async function withCurl(t, setup) {
  const { connect, server } = await stage(t, { ...setup, them: { ...setup.them, paths: ['/one', '/two'] } });
  const { end: first, peer } = await connect();
  await first.handshake();
  await peer.talk(first);
  await first.close();
  const end = await server.accept();
  await end.handshake();
  await peer.talk(end);
  await peer.part(end);
  return end;
}

/** One process, told to connect again with the session it was given. */
async function withNode(t, setup) {
  const { connect, server } = await stage(t, setup);
  const { end: first, peer } = await connect();
  await first.handshake();
  await peer.talk(first);
  await peer.says('"session"');
  await peer.part(first);
  peer.order({ reconnect: true });
  peer.turns = 0;
  const end = await server.accept();
  await end.handshake();
  await peer.talk(end);
  await peer.part(end);
  return end;
}
