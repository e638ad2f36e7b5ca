import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import { bytes, clientCtx, serverCtx, there } from '../../test/support/openssl.ts';
import * as o from './index.ts';

beforeEach(() => o.ERR_clear_error());

/** Repeats a call on a BIO until it says something else than "retry". */
async function until(bio: o.BIO, call: () => number): Promise<number> {
  for (;;) {
    const ret = call();
    if (ret > 0 || o.BIO_should_retry(bio) === 0) return ret;
    expect(await o.BIO_wait(bio)).toBe(1);
  }
}

const accept = (bio: o.BIO): Promise<number> => until(bio, () => o.BIO_do_accept(bio));

async function readLine(bio: o.BIO): Promise<string> {
  let text = '';
  const buf = new Uint8Array(100);
  while (!text.endsWith('\n')) {
    const count = await until(bio, () => o.BIO_read(bio, buf));
    if (count <= 0) return text;
    text += new TextDecoder().decode(buf.subarray(0, count));
  }
  return text;
}

/** A listening BIO whose connections get a copy of a chain. */
async function listening(template: o.BIO | null): Promise<{ readonly acceptor: o.BIO; readonly port: string }> {
  const acceptor = o.BIO_new_accept('127.0.0.1:0');
  o.BIO_set_accept_bios(acceptor, template);
  expect(await accept(acceptor)).toBe(1);
  return { acceptor, port: there(o.BIO_get_accept_port(acceptor)) };
}

describe('BIO_s_connect and BIO_s_accept', () => {
  it('carry bytes between sockets', async () => {
    const { acceptor, port } = await listening(null);
    expect(o.BIO_get_accept_name(acceptor)).toBe('127.0.0.1');
    const client = o.BIO_new_connect(`127.0.0.1:${port}`);
    expect([o.BIO_get_conn_hostname(client), o.BIO_get_conn_port(client)]).toEqual(['127.0.0.1', port]);
    expect(o.BIO_do_connect(client)).toBe(-1);
    expect([o.BIO_should_io_special(client) !== 0, o.BIO_get_retry_reason(client)]).toEqual([true, o.BIO_RR_CONNECT]);
    expect(await until(client, () => o.BIO_do_connect(client))).toBe(1);
    expect(await accept(acceptor)).toBe(1);
    const server = there(o.BIO_pop(acceptor));
    expect(o.BIO_method_type(server)).toBe(o.BIO_TYPE_SOCKET);
    o.BIO_puts(client, 'hello\n');
    expect(await readLine(server)).toBe('hello\n');
    o.BIO_free_all(client);
    expect(await until(server, () => o.BIO_read(server, new Uint8Array(1)))).toBe(0);
    o.BIO_free_all(server);
    o.BIO_free_all(acceptor);
  });

  it('say what is wrong with a name, and that nobody listens', async () => {
    const nameless = there(o.BIO_new(o.BIO_s_connect()));
    expect([o.BIO_do_connect(nameless), o.BIO_should_retry(nameless)]).toEqual([-1, 0]);
    expect(o.ERR_GET_REASON(o.ERR_get_error())).toBe(o.BIO_R_NO_HOSTNAME_OR_SERVICE_SPECIFIED);
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as AddressInfo;
    gone.close();
    await once(gone, 'close');
    const ssl = there(o.BIO_new_ssl_connect(clientCtx()));
    o.BIO_set_conn_hostname(ssl, `127.0.0.1:${port}`);
    o.SSL_set_tlsext_host_name(there(o.BIO_get_ssl(ssl)), 'server.example');
    expect(await until(ssl, () => o.BIO_do_connect(ssl))).toBe(-1);
    expect(o.ERR_GET_LIB(o.ERR_peek_error())).toBe(o.ERR_LIB_SYS);
    expect(o.SSL_get_error(there(o.BIO_get_ssl(ssl)), -1)).toBe(o.SSL_ERROR_SYSCALL);
    o.BIO_free_all(ssl);
  });
});

describe('BIO_new_ssl_connect', () => {
  it.each([
    ['BIO_new_ssl_connect', o.BIO_new_ssl_connect],
    ['BIO_new_buffer_ssl_connect', o.BIO_new_buffer_ssl_connect],
  ])('%s talks to an accepting BIO with a chain of its own', async (_name, make) => {
    const template = there(o.BIO_push(o.BIO_new(o.BIO_f_buffer()), o.BIO_new_ssl(serverCtx(), 0)));
    const { acceptor, port } = await listening(template);
    const client = there(make(clientCtx()));
    o.BIO_set_conn_hostname(client, '127.0.0.1');
    o.BIO_set_conn_port(client, port);
    o.SSL_set_tlsext_host_name(there(o.BIO_get_ssl(client)), 'server.example');
    expect(o.BIO_do_connect(client)).toBe(-1);
    expect(o.SSL_get_error(there(o.BIO_get_ssl(client)), -1)).toBe(o.SSL_ERROR_WANT_CONNECT);
    const serve = (async () => {
      expect(await accept(acceptor)).toBe(1);
      const server = there(o.BIO_pop(acceptor));
      expect(await until(server, () => o.BIO_do_handshake(server))).toBe(1);
      expect(await readLine(server)).toBe('ping\n');
      o.BIO_puts(server, 'pong\n');
      expect(await until(server, () => o.BIO_flush(server))).toBe(1);
      expect(await readLine(server)).toBe('');
      o.BIO_free_all(server);
    })();
    expect(await until(client, () => o.BIO_do_handshake(client))).toBe(1);
    expect(o.BIO_puts(client, 'ping\n')).toBe(5);
    expect(await until(client, () => o.BIO_flush(client))).toBe(1);
    expect(await readLine(client)).toBe('pong\n');
    o.BIO_ssl_shutdown(client);
    await serve;
    o.BIO_free_all(client);
    o.BIO_free_all(acceptor);
  });
});

describe('SSL_set_fd', () => {
  it('takes sockets of the runtime', async () => {
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const near = connect((listener.address() as AddressInfo).port, '127.0.0.1');
    const [far] = (await once(listener, 'connection')) as [Socket];
    const [client, server] = [there(o.SSL_new(clientCtx())), there(o.SSL_new(serverCtx()))];
    expect([o.SSL_get_fd(client), o.SSL_get_rfd(client), o.SSL_get_wfd(client)]).toEqual([-1, -1, -1]);
    o.SSL_set_tlsext_host_name(client, 'server.example');
    o.SSL_set_fd(client, near);
    o.SSL_set_rfd(server, far);
    o.SSL_set_wfd(server, far);
    expect(o.SSL_get_fd(client)).toBe(near);
    expect([o.SSL_get_rfd(server), o.SSL_get_wfd(server)]).toEqual([far, far]);
    expect(o.SSL_get_rbio(server)).toBe(o.SSL_get_wbio(server));
    const go = async (ssl: o.SSL, call: () => number): Promise<number> => {
      for (;;) {
        const ret = call();
        const wants = o.SSL_get_error(ssl, ret);
        if (wants !== o.SSL_ERROR_WANT_READ && wants !== o.SSL_ERROR_WANT_WRITE) return ret;
        await o.BIO_wait(there(wants === o.SSL_ERROR_WANT_READ ? o.SSL_get_rbio(ssl) : o.SSL_get_wbio(ssl)));
      }
    };
    expect(await Promise.all([go(client, () => o.SSL_connect(client)), go(server, () => o.SSL_accept(server))])).toEqual([1, 1]);
    o.SSL_write(client, bytes('over a socket'));
    const buf = new Uint8Array(20);
    expect(await go(server, () => o.SSL_read(server, buf))).toBe(13);
    // The socket stays the caller's.
    o.SSL_free(client);
    expect(near.destroyed).toBe(false);
    near.destroy();
    far.destroy();
    listener.close();
  });
});
