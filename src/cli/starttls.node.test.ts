import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { LIVE } from '../../test/support/loopback.ts';
import { filesIn, start } from '../../test/support/terminal.ts';
import { PlainDialogue } from './plain-dialogue.ts';
import { STARTTLS_PROTOCOLS } from './starttls.ts';

const files = filesIn({ 'ca.pem': LIVE.ca });
const servers: Server[] = [];
afterAll(() => files.remove());
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** What a server does before TLS: says something, or waits for words of the client. Bytes are written in latin1. */
type Turn = { readonly say: string } | { readonly hear: RegExp };
const say = (text: string): Turn => ({ say: text });
const hear = (pattern: RegExp): Turn => ({ hear: pattern });

const MYSQL_GREETING = `\x0a8.0.36\0${'\0'.repeat(4)}12345678\0\xff\xff\x21\x02\0\xff\xdf\x15${'\0'.repeat(10)}123456789012\0caching_sha2_password\0`;

const MAIL = (greeting: string): readonly Turn[] => [
  ...[say('220-mx.example\r\n220 ready\r\n'), hear(new RegExp(`^${greeting} mail\\.example\\.com\r\n$`))],
  ...[say('250-mx.example\r\n250-PIPELINING\r\n250 STARTTLS\r\n'), hear(/^STARTTLS\r\n$/), say('220 go ahead\r\n')],
];
const JABBER = (namespace: string): readonly Turn[] => [
  ...[
    hear(new RegExp(`xmlns='${namespace}' to='127\\.0\\.0\\.1' version='1\\.0'>`)),
    say("<stream:stream version='1.0'><stream:features><starttls "),
    say("xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>"),
  ],
  ...[hear(/^<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'\/>$/), say("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")],
];

const CONVERSATIONS: Readonly<Record<string, readonly Turn[]>> = {
  smtp: MAIL('EHLO'),
  lmtp: MAIL('LHLO'),
  pop3: [say('+OK ready\r\n'), hear(/^STLS\r\n$/), say('+OK begin\r\n')],
  imap: [say('* OK ready\r\n'), hear(/^\. STARTTLS\r\n$/), say('* still here\r\n. OK begin\r\n')],
  ftp: [say('220-one\r\n two\r\n220 three\r\n'), hear(/^AUTH TLS\r\n$/), say('234 go\r\n')],
  xmpp: JABBER('jabber:client'),
  'xmpp-server': JABBER('jabber:server'),
  irc: [hear(/^STARTTLS\r\n$/), say(':irc.example NOTICE * :looking up\r\n:irc.example 670 * :go\r\n')],
  nntp: [say('200 ready\r\n'), hear(/^STARTTLS\r\n$/), say('382 go\r\n')],
  sieve: [say('"IMPLEMENTATION" "x"\r\n"STARTTLS"\r\nOK "ready"\r\n'), hear(/^STARTTLS\r\n$/), say('OK "go"\r\n')],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the request is binary
  postgres: [hear(/^\x00\x00\x00\x08\x04\xd2\x16\x2f$/), say('S')],
  mysql: [
    say(`${String.fromCharCode(MYSQL_GREETING.length)}\0\0\0${MYSQL_GREETING}`),
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the request is binary
    hear(/^\x20\x00\x00\x01\x85\xae\x7f\x00\x00\x00\x00\x01\x21\x00{23}/),
  ],
  ldap: [
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the request is binary
    hear(/^\x30\x1d\x02\x01\x01\x77\x18\x80\x161\.3\.6\.1\.4\.1\.1466\.20037$/),
    say('\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00'),
  ],
};

async function act(socket: Socket, turns: readonly Turn[]): Promise<void> {
  for (const turn of turns) {
    if ('say' in turn) socket.write(turn.say, 'latin1');
    else {
      let heard = '';
      let match: RegExpExecArray | null = null;
      while (match === null) {
        const chunk: Buffer | null = socket.read();
        if (chunk === null) await once(socket, 'readable');
        else heard += chunk.toString('latin1');
        match = turn.hear.exec(heard);
      }
      // A client that asks and waits for no answer has sent its ClientHello behind.
      const behind = heard.slice(match.index + match[0].length);
      if (behind !== '') socket.unshift(behind, 'latin1');
    }
  }
}

async function listening(take: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => take(socket.on('error', () => undefined)));
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? `127.0.0.1:${address.port}` : '';
}

/** A server that speaks `turns` in the clear and is a TLS server from there on. */
const serving = (turns: readonly Turn[], behind = ''): Promise<string> =>
  listening(async (socket) => {
    await act(socket, turns);
    if (behind !== '') return void socket.write(behind);
    new TLSSocket(socket, { isServer: true, cert: LIVE.cert, key: LIVE.key }).on('error', () => undefined).write('under TLS\n');
  });

const client = (address: string, ...words: readonly string[]) =>
  start('s_client', '-connect', address, '-CAfile', files.path('ca.pem'), ...words);

describe('s_client -starttls', () => {
  it('has a conversation here for every protocol', () => {
    expect(Object.keys(CONVERSATIONS)).toEqual(STARTTLS_PROTOCOLS);
  });

  it.each(STARTTLS_PROTOCOLS)('speaks %s until TLS begins', async (protocol) => {
    const run = client(await serving(CONVERSATIONS[protocol] ?? []), '-starttls', protocol);
    await run.says(/under TLS\n/);
    run.input.write('Q\n');
    expect(await run.exit).toBe(0);
    expect(run.output()).toContain('Verification: OK\n');
  });

  it.each([
    ['pop3', [say('+OK\r\n'), hear(/STLS/), say('-ERR no\r\n')], '-ERR no'],
    ['smtp', [say('220 x\r\n'), hear(/EHLO/), say('250 x\r\n'), hear(/STARTTLS/), say('454 not now\r\n')], '454 not now'],
    ['postgres', [hear(/\x2f/), say('N')], '"N"'],
    ['imap', [say('* BYE\r\n')], '* BYE'],
  ] as const)('says what a server of %s answered that does not want to', async (protocol, turns, words) => {
    const run = client(await serving(turns, ' '), '-starttls', protocol);
    expect(await run.exit).toBe(1);
    expect(run.errors()).toContain(words);
  });

  it('takes nothing that came in the clear for something that came under TLS (CVE-2011-0411)', async () => {
    const run = client(await serving([say('+OK\r\n'), hear(/STLS/), say('+OK begin\r\n+OK and you have mail\r\n')]), '-starttls', 'pop3');
    expect(await run.exit).toBe(1);
    expect(run.errors()).toBe('the peer sent more in the clear than its consent to TLS\n');
  });

  it('gives the name that it is told', async () => {
    const run = client(
      await serving([say('220 x\r\n'), hear(/^EHLO me\.example\r\n/), say('421 bye\r\n')], ' '),
      '-starttls',
      'smtp',
      '-name',
      'me.example',
    );
    expect(await run.exit).toBe(1);
  });

  it('knows its protocols', async () => {
    const run = client(await serving([]), '-starttls', 'gopher');
    expect(await run.exit).toBe(1);
    expect(run.errors()).toContain('not "gopher"');
  });

  it('does not listen for ever', async () => {
    const [one, other] = await new Promise<[Socket, Socket]>((resolve) => {
      let dialled: Socket;
      void listening((socket) => resolve([socket, dialled])).then((address) => {
        dialled = connect(Number(address.split(':')[1]), '127.0.0.1');
      });
    });
    one.write('x'.repeat(70_000));
    await expect(new PlainDialogue(other).line()).rejects.toThrow('more than 65536 bytes');
    other.destroy();
  });
});

describe('s_client -proxy', () => {
  /** An HTTP proxy, and what it was asked. */
  async function proxy(status: string): Promise<{ readonly address: string; readonly asked: string[] }> {
    const asked: string[] = [];
    const address = await listening((socket) => {
      socket.once('data', (request: Buffer) => {
        asked.push(request.toString('latin1'));
        const [, host = '', port = ''] = /^CONNECT (\S+):(\d+) /.exec(asked[0] ?? '') ?? [];
        if (!status.startsWith('2')) return void socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
        const beyond = connect(Number(port), host, () => socket.write(`HTTP/1.1 ${status}\r\n\r\n`));
        socket.pipe(beyond.on('error', () => undefined)).pipe(socket);
      });
    });
    return { address, asked };
  }

  it('goes through a tunnel, with a name and a password', async () => {
    const { address, asked } = await proxy('200 as you wish');
    const server = await serving([]);
    const run = client(server, '-proxy', address, '-proxy_user', 'me', '-proxy_pass', 'pass:secret');
    await run.says(/under TLS\n/);
    run.input.write('Q\n');
    expect(await run.exit).toBe(0);
    expect(asked).toEqual([`CONNECT ${server} HTTP/1.1\r\nHost: ${server}\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n\r\n`]);
  });

  it('and speaks -starttls in it', async () => {
    const run = client(await serving(CONVERSATIONS['imap'] ?? []), '-proxy', (await proxy('200 OK')).address, '-starttls', 'imap');
    await run.says(/under TLS\n/);
    run.input.write('Q\n');
    expect(await run.exit).toBe(0);
  });

  it('says what the proxy answered', async () => {
    const run = client('localhost:1', '-proxy', (await proxy('407 Proxy Authentication Required')).address);
    expect(await run.exit).toBe(1);
    expect(run.errors()).toBe('HTTP CONNECT failed: HTTP/1.1 407 Proxy Authentication Required\n');
  });
});
