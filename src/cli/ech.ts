import { writeFileSync } from 'node:fs';
import { base64Text } from '../asn1/base64.ts';
import { EchKeys, echKeyPem, echKeysFromPem, makeEchKey } from '../config/ech-keys.ts';
import type { StaticCurve } from '../crypto/provider.ts';
import { type Arguments, helpText, type OptionGroup, parseArguments, usage } from './arguments.ts';
import { readInput } from './identity-options.ts';
import type { Command } from './terminal.ts';

const CURVES: readonly StaticCurve[] = ['x25519', 'x448', 'P-256', 'P-384', 'P-521'];

const GROUPS: readonly OptionGroup[] = [
  { title: 'General options', options: [{ name: 'help', help: 'Display this summary' }] },
  {
    title: 'A new key',
    options: [
      { name: 'public_name', value: 'val', help: 'Name that everybody sees, of a server that holds the key' },
      { name: 'max_name_len', value: 'int', help: 'Bytes of the longest name behind it, for padding; default: 0, not said' },
      { name: 'config_id', value: 'int', help: 'Id of the key, 0 to 255; default: random' },
      { name: 'curve', value: 'val', help: `Curve of the key: ${CURVES.join(', ')}; default: x25519` },
      { name: 'out', value: 'outfile', help: 'Where the key goes, which is a secret; default: echconfig.pem' },
    ],
  },
  { title: 'A key that is there', options: [{ name: 'in', value: 'infile', help: 'Print its ECHConfigList alone' }] },
];

export const ech: Command = {
  summary: 'makes keys of Encrypted ClientHello',
  run(words, { output }) {
    const args = parseArguments(words, GROUPS);
    if (args.has('help')) output.write(helpText('libssl ech [options]', GROUPS));
    else output.write(`${base64Text(new EchKeys(args.has('in') ? readKeys(args) : [makeKey(args)]).retryConfigs)}\n`);
    return Promise.resolve(0);
  },
};

const readKeys = (args: Arguments) => echKeysFromPem(readInput(args.text('in') ?? '', 'ECH key'));

/** Writes the key; what is printed is the list to publish in DNS. */
function makeKey(args: Arguments) {
  const curve = CURVES.find((name) => name === (args.text('curve') ?? 'x25519')) ?? usage(`unknown curve ${args.text('curve')}`);
  const configId = args.number('config_id');
  const key = makeEchKey({
    publicName: args.text('public_name') ?? usage('-public_name is needed'),
    maximumNameLength: args.number('max_name_len') ?? 0,
    curve,
    ...(configId !== undefined && { configId }),
  });
  writeFileSync(args.text('out') ?? 'echconfig.pem', echKeyPem(key), { mode: 0o600 });
  return key;
}
