import { readFileSync } from 'node:fs';
import { helpText, type OptionGroup, parseArguments } from './arguments.ts';
import type { Command } from './terminal.ts';

const GROUPS: readonly OptionGroup[] = [
  {
    title: 'Options',
    options: [
      { name: 'help', help: 'Display this summary' },
      { name: 'a', help: 'Show all' },
      { name: 'v', help: 'Show the version (default)' },
      { name: 'p', help: 'Show the platform' },
      { name: 'r', help: 'Show the runtime and its cryptography' },
    ],
  },
];

export const version: Command = {
  summary: 'version of this library and of what it runs on',
  run(words, { output }) {
    const args = parseArguments(words, GROUPS);
    if (args.has('help')) output.write(helpText('libssl version [options]', GROUPS));
    else output.write(`${versionLines(args.has('a'), args.has('v'), args.has('p'), args.has('r')).join('\n')}\n`);
    return Promise.resolve(0);
  },
};

/** The version of the package. */
function packageVersion(): string {
  const { version: text } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  return text;
}

function versionLines(all: boolean, own: boolean, platform: boolean, runtime: boolean): string[] {
  const lines = [
    ...(all || own || !(platform || runtime) ? [`libssl ${packageVersion()} (API of OpenSSL 1.1.1; TLS 1.3)`] : []),
    ...(all || platform ? [`platform: ${process.platform}-${process.arch}`] : []),
    ...(all || runtime ? [`runtime: ${runtimeName()}, cryptography: OpenSSL ${process.versions.openssl ?? 'unknown'}`] : []),
  ];
  return lines;
}

function runtimeName(): string {
  const { bun, deno } = process.versions as { readonly bun?: string; readonly deno?: string };
  if (bun !== undefined) return `Bun ${bun}`;
  return deno === undefined ? `Node ${process.versions.node}` : `Deno ${deno}`;
}
