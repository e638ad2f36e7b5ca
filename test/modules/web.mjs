// What the modules that speak HTTP have in common: a request listener, programs of others to talk to, and what both ends make of a connection.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import * as https from 'node:https';
import { promisify } from 'node:util';
import { connect, createServer, Server } from '../../dist/node/index.js';
import { AT_ONCE, TEN_MEGABYTES, text } from './expect.mjs';

export const LARGE = text(TEN_MEGABYTES);

/** An agent of `node:https` whose connections are ours. */
export class Agent extends https.Agent {
  createConnection(options) {
    return connect(options);
  }
}

/**
 * Whether servers of `node:https` are ours: after register they are, unless they do not stand on `node:tls`, as Bun's do not. Then the clients alone are
 * register's, and servers are given connections.
 */
export const httpsIsOurs = (way) => way === 'register' && https.Server.prototype instanceof Server;

/** A server that gives its connections to one of `node:http`. */
export const serverOver = (options, web) => createServer(options, (socket) => web.emit('connection', socket));

/** Requests that are answered when all of them are there. */
const gathering = [];

/** Sends a body back, is silent for ever in the middle of another, waits for a crowd, and says hello otherwise. */
export function answer(request, response) {
  if (request.url === '/crowd') {
    gathering.push(response);
    if (gathering.length === AT_ONCE) for (const one of gathering.splice(0)) one.end('x'.repeat(100_000));
    return;
  }
  if (request.url === '/echo') {
    request.pipe(response);
    return;
  }
  if (request.url === '/cut') {
    response.write('the first half');
    return;
  }
  response.end(`hello ${request.method}`);
}

/** The answer to a request, as soon as it begins; `look` is shown the connection in that very turn, in which Bun closes one that is not kept. */
export function answered(request, look) {
  return new Promise((resolve, reject) => {
    request.once('error', reject);
    request.once('response', (response) => {
      try {
        look?.(request.socket);
        resolve(response);
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** Servers that listen on loopback, until the test is over. */
export class Servers {
  #open = [];

  /** @param {import('node:net').Server} server */
  async start(server) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const sockets = new Set();
    let accepted = 0;
    server.on('connection', (socket) => {
      accepted++;
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    const end = () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    };
    this.#open.push(end);
    return { port: server.address().port, sockets, accepted: () => accepted, end };
  }

  end() {
    for (const end of this.#open.splice(0)) end();
  }
}

/** curl's output for a URL; it fails where curl does. */
export async function curl(pki, url, ...args) {
  const { stdout } = await promisify(execFile)('curl', ['--silent', '--show-error', '--fail', '--cacert', pki.ca.certFile, ...args, url], {
    maxBuffer: 1 << 25,
  });
  return stdout;
}

/** What curl says of the connection: how many it made, and by which version of HTTP. */
export async function curlSays(pki, url, ...args) {
  const said = await curl(pki, url, '--write-out', '\n%{http_version} %{num_connects} %{ssl_verify_result}', ...args);
  const [version, connects, verified] = said.trim().split('\n').at(-1).split(' ');
  assert.equal(verified, '0');
  return { version, connects: Number(connects), body: said };
}
