import { once } from 'node:events';
import { afterAll, describe, expect, it } from 'vitest';
import { closed, LIVE, listening, livePem, readAll } from '../../test/support/loopback.ts';
import { filesIn, start } from '../../test/support/terminal.ts';
import { EchKeys, echKeyPem, makeEchKey } from '../config/ech-keys.ts';
import { connect, createSecureContext, createServer } from './index.ts';

const { ca, key } = LIVE;
/** For the host and for the public name. */
const cert = livePem({ subject: 'localhost', names: { dns: ['localhost', 'public.example'] } });
const [current, former] = [
  makeEchKey({ publicName: 'public.example', configId: 1 }),
  makeEchKey({ publicName: 'public.example', configId: 2 }),
];
const listOf = (of: typeof current): Uint8Array => new EchKeys([of]).retryConfigs;
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

const files = filesIn({ 'ca.pem': ca, 'server.pem': cert + key, 'ech.pem': echKeyPem(current) });
afterAll(() => files.remove());

describe('Encrypted ClientHello of streams', () => {
  it('is accepted, or rejected with what to try again', async () => {
    const server = createServer({ cert, key, echKeys: echKeyPem(current) }, (socket) => {
      socket.on('error', () => undefined);
      socket.end(`${socket.echAccepted} ${socket.servername}`);
    });
    const port = await listening(server);
    const at = { port, host: 'localhost', ca };
    const sealed = connect({ ...at, echConfigList: base64(listOf(current)) });
    expect([(await readAll(sealed)).toString(), sealed.echAccepted]).toEqual(['true localhost', true]);
    sealed.end();

    const stale = connect({ ...at, echConfigList: listOf(former) });
    const [error] = (await once(stale, 'error')) as [NodeJS.ErrnoException & { readonly echRetryConfigs: Uint8Array }];
    expect([error.code, stale.echAccepted]).toEqual(['ERR_SSL_ECH_REJECTED', false]);
    const again = connect({ ...at, echConfigList: error.echRetryConfigs });
    expect((await readAll(again)).toString()).toBe('true localhost');
    again.end();

    const grease = connect({ ...at, echGrease: true });
    expect((await readAll(grease)).toString()).toBe('false localhost');
    grease.end();
    await closed(server);
  });

  it('is refused where a list or a key cannot be read', () => {
    for (const echConfigList of ['%', 'AAAA', new Uint8Array(3)])
      expect(() => createSecureContext({ echConfigList })).toThrow(expect.objectContaining({ code: 'ERR_SSL_INVALID_ECH_CONFIG_LIST' }));
    expect(() => createSecureContext({ echKeys: cert })).toThrow(expect.objectContaining({ code: 'ERR_SSL_BAD_DATA' }));
  });
});

describe('Encrypted ClientHello at a terminal', () => {
  const server = async (): Promise<{ readonly run: ReturnType<typeof start>; readonly port: string }> => {
    const run = start('s_server', '-accept', '127.0.0.1:0', '-cert', files.path('server.pem'), '-ech_key', files.path('ech.pem'));
    const [, port = ''] = await run.says(/ACCEPT 127\.0\.0\.1:(\d+)/);
    return { run, port };
  };
  const client = (port: string, ...words: readonly string[]) =>
    start(
      's_client',
      '-connect',
      `localhost:${port}`,
      '-servername',
      'localhost',
      '-CAfile',
      files.path('ca.pem'),
      '-verify_return_error',
      ...words,
    );

  it('is a key that is made, published, and used', async () => {
    const path = files.path('made.pem');
    const made = start('ech', '-public_name', 'public.example', '-max_name_len', '32', '-config_id', '7', '-out', path);
    const [list] = await made.says(/^(\S+)\n/);
    expect(await made.exit).toBe(0);
    const again = start('ech', '-in', path);
    expect([await again.exit, again.output()]).toEqual([0, list]);
    expect(Buffer.from(`${list}`, 'base64')[6]).toBe(7);
    const wrong = start('ech', '-public_name', '1.2.3.4', '-out', path);
    expect([await wrong.exit, wrong.errors()]).toEqual([1, expect.stringContaining('invalid ech public name')]);
  });

  it('says how it came out', async () => {
    const { run, port } = await server();
    const accepted = client(port, '-ech_config_list', base64(listOf(current)));
    await accepted.says(/ECH: accepted\n/);
    accepted.input.write('Q\n');
    expect(await accepted.exit).toBe(0);
    const rejected = client(port, '-ech_config_list', base64(listOf(former)));
    expect(await rejected.exit).toBe(1);
    expect(rejected.output()).toContain(`ECH: rejected by public.example, retry configs: ${base64(listOf(current))}\n`);
    const strict = client(port, '-ech_required');
    expect([await strict.exit, strict.errors()]).toEqual([1, expect.stringContaining('unusable ech config list')]);
    run.input.write('Q\n');
    await run.exit;
  });
});
