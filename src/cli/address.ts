import { usage } from './arguments.ts';

export interface Address {
  readonly host: string | undefined;
  readonly port: number | string;
}

/** `host:port`, `[v6]:port`, or one of the two alone (BIO_parse_hostserv(3)). */
export function parseAddress(text: string, alone: 'host' | 'port', defaultPort: number): Address {
  const bracket = /^\[([^\]]*)\](?::(.+))?$/.exec(text);
  if (bracket !== null) return { host: bracket[1], port: portOf(bracket[2], defaultPort) };
  const colon = text.lastIndexOf(':');
  if (colon < 0) return alone === 'host' ? { host: text, port: defaultPort } : { host: undefined, port: portOf(text, defaultPort) };
  const host = text.slice(0, colon);
  if (host.includes(':')) usage(`Ambiguous host or service "${text}": write addresses of IPv6 in brackets`);
  return { host: host === '' || host === '*' ? undefined : host, port: portOf(text.slice(colon + 1), defaultPort) };
}

function portOf(text: string | undefined, missing: number): number {
  if (text === undefined || text === '') return missing;
  const port = SERVICES.get(text) ?? Number(text);
  return Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : usage(`Unknown port or service "${text}"`);
}

const SERVICES: ReadonlyMap<string, number> = new Map([
  ['http', 80],
  ['https', 443],
  ['imaps', 993],
  ['ldaps', 636],
  ['pop3s', 995],
  ['smtps', 465],
]);
