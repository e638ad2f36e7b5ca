import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Address } from './address.ts';
import { parseAddress } from './address.ts';
import type { Arguments, OptionGroup } from './arguments.ts';
import { openTunnel } from './http-proxy.ts';
import { passphraseOf } from './identity-options.ts';
import { PlainDialogue } from './plain-dialogue.ts';
import { STARTTLS_PROTOCOLS, startTls } from './starttls.ts';

/** What stands between the command and the server until TLS begins. */
export const TRANSPORT_OPTIONS: OptionGroup = {
  title: 'Options of the way to the server',
  options: [
    { name: 'unix', value: 'path', help: 'Connect over a Unix-domain socket' },
    { name: '4', help: 'Use IPv4 only' },
    { name: '6', help: 'Use IPv6 only' },
    { name: 'proxy', value: 'host:port', help: 'Connect through an HTTP proxy' },
    { name: 'proxy_user', value: 'val', help: 'User at the proxy' },
    { name: 'proxy_pass', value: 'val', help: 'Password at the proxy: pass:…, env:…, file:…' },
    { name: 'starttls', value: 'protocol', help: `Speak a protocol until TLS begins: ${STARTTLS_PROTOCOLS.join(' ')}` },
    { name: 'name', value: 'val', help: 'Name to give before -starttls: our own in mail, the host in xmpp' },
    { name: 'xmpphost', value: 'val', help: 'The same as -name' },
  ],
};

/** A TCP connection to the server, or to the proxy before it. Rejects with the system's error. */
export async function reach(args: Arguments, server: Address): Promise<Socket> {
  const path = args.text('unix');
  const proxy = args.text('proxy');
  const { host, port } = proxy === undefined ? server : parseAddress(proxy, 'host', HTTP_PORT);
  const family = args.has('4') ? 4 : args.has('6') ? 6 : 0;
  const socket = connect(path === undefined ? { host: host ?? 'localhost', port: Number(port), family, noDelay: true } : { path });
  await once(socket, 'connect');
  return socket;
}

/** Says on a connection what has to be said before TLS begins. Rejects with what the proxy or the server answered. */
export async function prepare(args: Arguments, server: Address, socket: Socket): Promise<void> {
  const protocol = args.text('starttls');
  const dialogue = new PlainDialogue(socket);
  try {
    if (args.has('proxy')) await openTunnel(dialogue, authority(server), credentials(args));
    if (protocol !== undefined) await startTls(protocol, dialogue, nameFor(protocol, args, server));
    dialogue.end();
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

const nameFor = (protocol: string, args: Arguments, { host = 'localhost' }: Address): string =>
  args.text('name') ?? args.text('xmpphost') ?? (protocol.startsWith('xmpp') ? host : OUR_NAME);

const HTTP_PORT = 80;

/** What `openssl s_client` calls itself where it is given no name. */
const OUR_NAME = 'mail.example.com';

const authority = ({ host = 'localhost', port }: Address): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

function credentials(args: Arguments): { readonly user: string; readonly password: string } | undefined {
  const user = args.text('proxy_user');
  const password = args.text('proxy_pass');
  return user === undefined ? undefined : { user, password: password === undefined ? '' : passphraseOf(password) };
}
