import { parseCipherString } from '../config/cipher-string.ts';
import { allows } from '../config/security.ts';
import { cipherDescription } from '../registry/cipher-description.ts';
import { type CipherSuite, cipherSuite, cipherSuiteByName, DEFAULT_TLS12_SUITES } from '../registry/cipher-suites.ts';
import { TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION, TLS1_VERSION } from '../registry/versions.ts';
import { SslContext } from '../ssl/context.ts';
import { type Arguments, helpText, type OptionGroup, parseArguments } from './arguments.ts';
import type { Command } from './terminal.ts';

const GROUPS: readonly OptionGroup[] = [
  {
    title: 'Output options',
    options: [
      { name: 'help', help: 'Display this summary' },
      { name: 'v', help: 'Verbose listing' },
      { name: 'V', help: 'Even more verbose' },
      { name: 'stdname', help: 'Show standard names' },
      { name: 'convert', value: 'val', help: 'The name that a standard name has here' },
    ],
  },
  {
    title: 'Cipher specification options',
    options: [
      { name: 's', help: 'Only those that the security level and the version leave, and with -psk those of pre-shared keys' },
      { name: 'tls1', help: 'With -s: those of TLS 1.0' },
      { name: 'tls1_1', help: 'With -s: those of TLS 1.1' },
      { name: 'tls1_2', help: 'With -s: those of TLS 1.2' },
      { name: 'tls1_3', help: 'With -s: those of TLS 1.3' },
      { name: 'psk', help: 'With -s: also those that need a pre-shared key' },
      { name: 'srp', help: 'Has no effect: SRP is not built' },
      { name: 'ciphersuites', value: 'val', help: 'TLS 1.3 suites to show, joined by colons' },
    ],
  },
];

export const ciphers: Command = {
  summary: 'lists cipher suites',
  run(words, { output }) {
    output.write(ciphersOutput(words));
    return Promise.resolve(0);
  },
};

/** What `libssl ciphers` prints for the words behind it. Without a cipher string: what a connection offers when nothing was chosen. */
export function ciphersOutput(words: readonly string[]): string {
  const args = parseArguments(words, GROUPS);
  const standard = args.text('convert');
  if (args.has('help')) return helpText('libssl ciphers [options] [cipher list]', GROUPS);
  if (standard !== undefined) return `OpenSSL cipher name: ${nameOf(standard)}\n`;
  const suites = chosen(args);
  if (!['v', 'V', 'stdname'].some((name) => args.has(name))) return `${suites.map(({ name }) => name).join(':')}\n`;
  return suites.map((suite) => `${prefix(suite, args)}${cipherDescription(suite)}\n`).join('');
}

function nameOf(standard: string): string {
  const suite = cipherSuiteByName(standard);
  return suite?.standardName === standard ? suite.name : '(NONE)';
}

/** The code point, the standard name, or both. */
function prefix({ id, standardName }: CipherSuite, args: Arguments): string {
  const code = args.has('V') ? `          0x${hex(id >> 8)},0x${hex(id & 0xff)} - ` : '';
  return args.has('stdname') ? `${code}${standardName.padEnd(45)} - ` : code;
}

const hex = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, '0');

/** Those of TLS 1.3 first, as a connection offers them. */
function chosen(args: Arguments): readonly CipherSuite[] {
  const context = new SslContext();
  const newer = args.text('ciphersuites');
  if (newer !== undefined) context.set('cipherSuites', newer);
  const [rules] = args.rest;
  const older = rules === undefined ? { suites: DEFAULT_TLS12_SUITES, securityLevel: undefined } : parseCipherString(rules);
  if (older.securityLevel !== undefined) context.set('securityLevel', older.securityLevel);
  const suites = [...context.get('cipherSuites'), ...older.suites].map(cipherSuite).filter((suite) => suite !== undefined);
  return args.has('s') ? suites.filter((suite) => isSupported(suite, context, args)) : suites;
}

const VERSIONS: readonly (readonly [string, number])[] = [
  ['tls1', TLS1_VERSION],
  ['tls1_1', TLS1_1_VERSION],
  ['tls1_2', TLS1_2_VERSION],
  ['tls1_3', TLS1_3_VERSION],
];

function isSupported(suite: CipherSuite, context: SslContext, args: Arguments): boolean {
  const version = VERSIONS.find(([name]) => args.has(name))?.[1];
  if (version !== undefined && (version < suite.minVersion || version > suite.maxVersion)) return false;
  if (suite.keyExchange.endsWith('psk') && !args.has('psk')) return false;
  return allows((name) => context.get(name), undefined, 'cipher', suite.bits, suite);
}
