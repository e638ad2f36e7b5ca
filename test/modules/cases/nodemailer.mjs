import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import tls from 'node:tls';
import { connect } from '../../../dist/node/index.js';
import { event, fails, overOurs, TEN_MEGABYTES, text, together, UNKNOWN_AUTHORITY, until } from '../expect.mjs';
import { load } from '../load.mjs';

const nodemailer = load('nodemailer');

export function cases({ way, server, pki, kill }) {
  /** The sockets that were made, newest last: nodemailer shows them to nobody. */
  const sockets = [];
  const watched =
    (make) =>
    (...args) => {
      const socket = make(...args);
      sockets.push(socket);
      return socket;
    };
  if (way === 'register') tls.connect = watched(tls.connect);

  const ways = {
    // STARTTLS: nodemailer calls node:tls itself.
    register: { port: server.port, requireTLS: true },
    // TLS from the first byte, over a socket that is secured already.
    option: {
      port: server.portOfTls,
      secure: true,
      getSocket({ host, port, tls: options }, done) {
        const connection = watched(connect)({ host, port, ...options });
        event(connection, 'secureConnect').then(() => done(null, { connection, secured: true }), done);
      },
    },
  };

  const transport = ({ host = 'localhost', ...options } = {}, more = {}) =>
    nodemailer.createTransport({ ...ways[way], host, tls: { ca: pki.ca.cert, ...options }, ...more });

  const mail = (to, content = 'hello') => ({ from: 'app@example.test', to: `${to}@example.test`, subject: to, text: content });

  /** Waits until a mail lies in the box, and gives it. */
  async function delivered(subject) {
    const find = () => {
      const mails = readFileSync(server.mailbox, 'latin1').split(/^From (?=\S+@)/m);
      return mails.find((one) => one.includes(`Subject: ${subject}\n`));
    };
    await until(() => {
      try {
        return find() !== undefined;
      } catch {
        return false;
      }
    });
    return find();
  }

  return [
    {
      topic: 'answer',
      run: async () => {
        await transport().sendMail(mail('first'));
        overOurs(sockets.at(-1));
        assert.match(await delivered('first'), /using TLSv1\.3 with cipher TLS_/);
      },
    },
    {
      topic: 'TLS 1.2',
      run: async () => {
        await transport({ maxVersion: 'TLSv1.2' }).sendMail(mail('older'));
        overOurs(sockets.at(-1), { version: 'TLSv1.2' });
        assert.match(await delivered('older'), /using TLSv1\.2 with cipher ECDHE-/);
      },
    },
    {
      topic: 'wrong authority',
      run: async () => {
        const failure = transport({ ca: pki.stranger.cert }).sendMail(mail('never'));
        await assert.rejects(failure);
        assert.ok(UNKNOWN_AUTHORITY.includes(sockets.at(-1).authorizationError));
      },
    },
    {
      topic: 'wrong name',
      run: async () => {
        await assert.rejects(transport({ host: '127.0.0.1' }).sendMail(mail('never')), /IP: 127\.0\.0\.1 is not in the cert's list/);
        assert.equal(sockets.at(-1).authorizationError, 'ERR_TLS_CERT_ALTNAME_INVALID');
      },
    },
    {
      topic: '10 MB',
      run: async () => {
        const sent = text(TEN_MEGABYTES);
        await transport().sendMail(mail('large', sent));
        // Quoted-printable: soft line ends. Postfix writes while we read.
        await until(async () => (await delivered('large')).replaceAll('=\n', '').includes(`\n\n${sent}`));
      },
    },
    {
      topic: '50 at once',
      run: async () => {
        const before = sockets.length;
        await together((i) => transport().sendMail(mail(`crowd${i}`)));
        assert.equal(sockets.length - before, 50);
        await delivered('crowd49');
      },
    },
    {
      topic: 'kept alive',
      run: async () => {
        const before = sockets.length;
        const pool = transport({}, { pool: true, maxConnections: 1 });
        for (const name of ['one', 'two', 'three']) await pool.sendMail(mail(name));
        pool.close();
        assert.equal(sockets.length - before, 1);
      },
    },
    {
      topic: 'resumption',
      run: async () => {
        await transport().sendMail(mail('fresh'));
        const session = sockets.at(-1).getSession();
        await transport({ session }).sendMail(mail('resumed'));
        assert.deepEqual(
          sockets.slice(-2).map((socket) => socket.isSessionReused()),
          [false, true],
        );
      },
    },
    {
      topic: 'server killed',
      run: async () => {
        // A message that has no end: the server goes when it has begun.
        const endless = new Readable({ read: () => undefined });
        endless.push(`Subject: cut\r\n\r\n${text(2000)}\r\n`);
        const before = sockets.length;
        const failed = transport().sendMail({
          ...mail('cut'),
          raw: endless,
          envelope: { from: 'app@example.test', to: 'cut@example.test' },
        });
        failed.catch(() => undefined);
        await until(() => sockets.length > before && sockets.at(-1).bytesWritten > 1000);
        kill();
        await fails(failed, 'ESOCKET', 'ECONNECTION');
      },
    },
  ];
}
