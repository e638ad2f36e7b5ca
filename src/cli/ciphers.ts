import { CIPHER_SUITES, type CipherSuite, cipherSuite, DEFAULT_TLS13_SUITES } from '../registry/cipher-suites.ts';
import { versionName } from '../registry/versions.ts';
import { SslContext } from '../ssl/context.ts';
import { helpText, type OptionGroup, parseArguments } from './arguments.ts';
import type { Command } from './terminal.ts';

const GROUPS: readonly OptionGroup[] = [
  {
    title: 'Options',
    options: [
      { name: 'help', help: 'Display this summary' },
      { name: 'v', help: 'Verbose listing' },
      { name: 'V', help: 'Even more verbose' },
      { name: 's', help: 'Only supported ciphers (always)' },
      { name: 'stdname', help: 'Show standard names' },
      { name: 'tls1_3', help: 'Ciphers of TLS 1.3' },
      { name: 'ciphersuites', value: 'val', help: 'TLS 1.3 suites to show, joined by colons' },
      { name: 'convert', value: 'val', help: 'The name that a standard name has here' },
    ],
  },
];

export const ciphers: Command = {
  summary: 'lists cipher suites (those of TLS 1.3)',
  run(words, { output }) {
    const args = parseArguments(words, GROUPS);
    const convert = args.text('convert');
    if (args.has('help')) output.write(helpText('libssl ciphers [options] [cipher list]', GROUPS));
    else if (convert !== undefined) output.write(`OpenSSL cipher name: ${nameOf(convert)}\n`);
    else
      output.write(
        listing(chosen(args.text('ciphersuites'), args.rest[0]), args.has('V') ? 'V' : args.has('v') ? 'v' : '', args.has('stdname')),
      );
    return Promise.resolve(0);
  },
};

const nameOf = (standard: string): string => CIPHER_SUITES.find(({ standardName }) => standardName === standard)?.name ?? '(NONE)';

function chosen(list: string | undefined, words: string | undefined): readonly CipherSuite[] {
  if (words === 'ALL') return CIPHER_SUITES;
  const ids = list === undefined ? DEFAULT_TLS13_SUITES : new SslContext({ cipherSuites: list }).get('cipherSuites');
  return ids.map(cipherSuite).filter((suite) => suite !== undefined);
}

function listing(suites: readonly CipherSuite[], detail: '' | 'v' | 'V', standard: boolean): string {
  if (detail === '' && !standard) return `${suites.map(({ name }) => name).join(':')}\n`;
  return suites
    .map(
      (suite) => `${detail === 'V' ? codePoint(suite) : ''}${standard ? `${suite.standardName.padEnd(45)} - ` : ''}${description(suite)}\n`,
    )
    .join('');
}

const codePoint = ({ id }: CipherSuite): string => `          0x${hex(id >> 8)},0x${hex(id & 0xff)} - `;
const hex = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, '0');

/** SSL_CIPHER_description(3). */
const description = (suite: CipherSuite): string =>
  `${suite.name.padEnd(30)} ${versionName(suite.minVersion).padEnd(7)} Kx=any      Au=any   Enc=${ENCRYPTIONS[suite.name] ?? '?'} Mac=AEAD`;

const ENCRYPTIONS: Readonly<Record<string, string>> = {
  TLS_AES_256_GCM_SHA384: 'AESGCM(256)           ',
  TLS_CHACHA20_POLY1305_SHA256: 'CHACHA20/POLY1305(256)',
  TLS_AES_128_GCM_SHA256: 'AESGCM(128)           ',
  TLS_AES_128_CCM_SHA256: 'AESCCM(128)           ',
  TLS_AES_128_CCM_8_SHA256: 'AESCCM8(128)          ',
};
