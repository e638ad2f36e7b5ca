import { describe, expect, it } from 'vitest';
import { start } from '../../test/support/terminal.ts';
import { parseAddress } from './address.ts';
import { hexDump } from './hex-dump.ts';

describe('libssl', () => {
  it('lists its commands', async () => {
    const run = start('help');
    expect([await run.exit, run.output()]).toEqual([0, expect.stringContaining('s_client')]);
  });

  it('refuses what it does not know, with exit code 1', async () => {
    const unknown = start('foo');
    expect([await unknown.exit, unknown.errors()]).toEqual([1, `Invalid command 'foo'; type "help" for a list.\n`]);
    const option = start('s_client', '-foo');
    expect([await option.exit, option.errors()]).toEqual([1, 's_client: Unknown option: -foo\ns_client: Use -help for summary.\n']);
    const value = start('s_client', '-connect');
    expect([await value.exit, value.errors()]).toEqual([1, expect.stringContaining('Option -connect needs a value')]);
    const suite = start('s_client', '-ciphersuites', 'NOT_A_SUITE');
    expect([await suite.exit, suite.errors()]).toEqual([1, expect.stringContaining('no cipher match')]);
  });

  it('shows the options of each command', async () => {
    for (const name of ['s_client', 's_server', 'ciphers', 'version']) {
      const run = start(name, '-help');
      expect([await run.exit, run.output()]).toEqual([0, expect.stringMatching(/^Usage: libssl .*\n\n/)]);
    }
  });

  it('says its version', async () => {
    const run = start('version');
    expect([await run.exit, run.output()]).toEqual([0, expect.stringMatching(/^libssl \d+\.\d+\.\d+ /)]);
  });
});

describe('addresses', () => {
  it.each([
    ['example.com:443', { host: 'example.com', port: 443 }],
    ['example.com', { host: 'example.com', port: 4433 }],
    ['[::1]:8443', { host: '::1', port: 8443 }],
    ['*:https', { host: undefined, port: 443 }],
  ])('%s', (text, expected) => {
    expect(parseAddress(text, 'host', 4433)).toEqual(expected);
  });

  it('takes a bare port where one is due', () => {
    expect(parseAddress('4444', 'port', 4433)).toEqual({ host: undefined, port: 4444 });
  });

  it('refuses ports that are none', () => {
    expect(() => parseAddress('host:70000', 'host', 1)).toThrow(/Unknown port/);
  });
});

describe('a hex dump', () => {
  it('looks like BIO_dump', () => {
    expect(hexDump(Buffer.from('ABCDEFGHIJKLMNOPQ\0'), '    ')).toBe(
      '    0000 - 41 42 43 44 45 46 47 48-49 4a 4b 4c 4d 4e 4f 50   ABCDEFGHIJKLMNOP\n' + `    0010 - 51 00 ${' '.repeat(42)}  Q.\n`,
    );
  });
});
