// The modules, what they talk to, and how each takes connections of ours.
import { mariadb } from './servers/mariadb.mjs';
import { mosquitto } from './servers/mosquitto.mjs';
import { nginx } from './servers/nginx.mjs';
import { postfix } from './servers/postfix.mjs';
import { postgres } from './servers/postgres.mjs';
import { redis } from './servers/redis.mjs';

/**
 * @typedef {object} Module
 * @property {string} name also that of its cases and of its example
 * @property {boolean} [builtIn] whether it comes with the runtime and not from the registry
 * @property {any} [server] the program that it talks to
 * @property {string} [option] how it takes a connection by an option of its own; else only `libssl/node/register` is left
 * @property {(server: any, pki: any) => string[]} [words] what its example is called with
 * @property {RegExp} says what its example prints at its end
 */

/** @type {Module[]} */
export const MODULES = [
  {
    name: 'https',
    builtIn: true,
    server: nginx,
    option: "`createConnection` of an `https.Agent`; `createServer` whose connections go to an `http.Server` by its 'connection' event",
    says: /^hello over TLSv1\.3, 1 connection for 3 requests$/m,
  },
  {
    name: 'http2',
    builtIn: true,
    server: nginx,
    option: "`createConnection` of `http2.connect`; `createServer` whose connections go to an `http2` server by its 'connection' event",
    says: /^hello over h2, TLSv1\.3$/m,
  },
  { name: 'undici', server: nginx, option: '`connect` of an `Agent`', says: /^200 hello over TLSv1\.3$/m },
  { name: 'ws', option: '`createConnection`; `server` is an `http.Server` as above', says: /^hello, hello$/m },
  { name: 'fastify', option: '`serverFactory`', says: /^\{"hello":"world","over":"TLSv1\.3"\}$/m },
  {
    name: 'pg',
    server: postgres,
    words: ({ port, user, password, database }, { ca }) => [
      `postgres://${user}:${encodeURIComponent(password)}@localhost:${port}/${database}`,
      ca.certFile,
    ],
    says: /^TLSv1\.3 TLS_\w+$/m,
  },
  {
    name: 'mysql2',
    server: mariadb,
    words: ({ port, user, password, database }, { ca }) => [
      `mysql://${user}:${encodeURIComponent(password)}@localhost:${port}/${database}`,
      ca.certFile,
    ],
    says: /^Ssl_version TLSv1\.3$/m,
  },
  {
    name: 'ioredis',
    server: redis,
    option: '`Connector`',
    words: ({ port }, { ca }) => ['localhost', port, ca.certFile],
    says: /^hello over TLSv1\.3$/m,
  },
  {
    name: 'nodemailer',
    server: postfix,
    option: '`getSocket`, where TLS stands before SMTP; STARTTLS is within it',
    words: ({ port }, { ca }) => ['localhost', port, ca.certFile, 'reader@example.test'],
    says: /^250 2\.0\.0 Ok/m,
  },
  {
    name: 'mqtt',
    server: mosquitto,
    option: 'the stream builder of `new MqttClient`',
    words: ({ port }, { ca }) => ['localhost', port, ca.certFile],
    says: /^hello over TLSv1\.3$/m,
  },
];

/** What is looked at, in the order of the table. What else a module's cases have stands behind. */
export const TOPICS = [
  'answer',
  'TLS 1.2',
  'wrong authority',
  'wrong name',
  'client certificate',
  '10 MB',
  '50 at once',
  'kept alive',
  'resumption',
  'server killed',
];
