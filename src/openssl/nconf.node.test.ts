import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { there } from '../../test/support/openssl.ts';
import * as o from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'libssl-conf-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => o.ERR_clear_error());

function file(text: string): string {
  const path = join(folder, 'test.cnf');
  writeFileSync(path, text);
  return path;
}

function loaded(text: string): o.CONF {
  const conf = o.NCONF_new(null);
  expect(o.NCONF_load(conf, file(text))).toBe(1);
  return conf;
}

describe('a configuration file', () => {
  it('has sections, variables, quotes, comments and continued lines', () => {
    const conf = loaded(`
# a comment
base = /etc
[ first ]
path = $base/ssl  # not this
also = \${base}x$(path)
other = $first::path \\
 goes on
quoted = "a # b" 'c "d"' \\#e
tab = a\\tb
[second]
name = two
name = too
`);
    const get = (section: string | null, name: string) => o.NCONF_get_string(conf, section, name);
    expect(get(null, 'base')).toBe('/etc');
    expect(get('first', 'path')).toBe('/etc/ssl');
    expect(get('first', 'also')).toBe('/etcx/etc/ssl');
    expect(get('first', 'other')).toBe('/etc/ssl  goes on');
    expect(get('first', 'base')).toBe('/etc');
    expect(get('first', 'quoted')).toBe('a # b c "d" #e');
    expect(get('first', 'tab')).toBe('a\tb');
    expect(get('second', 'name')).toBe('too');
    expect(get('second', 'nothing')).toBeNull();
    expect(o.NCONF_get_section(conf, 'second')).toEqual([
      { section: 'second', name: 'name', value: 'two' },
      { section: 'second', name: 'name', value: 'too' },
    ]);
    expect(o.NCONF_get_section(conf, 'third')).toBeNull();
  });

  it.each([
    ['no file', undefined],
    ['a line that is none', 'a = b\nnothing here\n'],
    ['an unknown variable', 'a = $b\n'],
  ])('is refused: %s', (_what, text) => {
    const line = o.out(0);
    expect(o.NCONF_load(o.NCONF_new(null), text === undefined ? join(folder, 'none') : file(text), line)).toBe(0);
    expect(o.ERR_peek_error()).not.toBe(0);
    if (text?.includes('nothing')) expect(line.value).toBe(2);
  });

  it('sets contexts and connections up', () => {
    const path = file(`
testapp = modules
[modules]
ssl_conf = names
[names]
server = server_section
client = client_section
system_default = system_section
broken = broken_section
[server_section]
first.Options = -SessionTicket
CipherString = ECDHE-ECDSA-AES256-GCM-SHA384
[client_section]
MaxProtocol = TLSv1.2
[system_section]
MinProtocol = TLSv1.3
[broken_section]
CipherString = NOTHING
`);
    expect(o.CONF_modules_load_file(path, 'testapp', 0)).toBe(1);
    const ctx = there(o.SSL_CTX_new(o.TLS_server_method()));
    expect(o.SSL_CTX_get_min_proto_version(ctx)).toBe(o.TLS1_3_VERSION);
    expect(o.SSL_CTX_config(ctx, 'server')).toBe(1);
    expect(o.SSL_CTX_get_options(ctx) & o.SSL_OP_NO_TICKET).not.toBe(0);
    expect(o.SSL_CTX_get_ciphers(ctx).map(o.SSL_CIPHER_get_name)).toContain('ECDHE-ECDSA-AES256-GCM-SHA384');
    const ssl = there(o.SSL_new(there(o.SSL_CTX_new(o.TLS_client_method()))));
    expect(o.SSL_config(ssl, 'client')).toBe(1);
    expect(o.SSL_get_max_proto_version(ssl)).toBe(o.TLS1_2_VERSION);
    expect([o.SSL_CTX_config(ctx, 'nobody'), o.SSL_CTX_config(ctx, 'broken')]).toEqual([0, 0]);
    expect(o.ERR_reason_error_string(o.ERR_get_error())).toBe('invalid configuration name');
    expect(o.CONF_modules_load_file(file('nothing = here\n'), null, 0)).toBe(1);
    expect(o.CONF_modules_load_file(file('openssl_conf = m\n[m]\nssl_conf = n\n[n]\n'), null, 0)).toBe(1);
    expect(o.SSL_CTX_get_min_proto_version(there(o.SSL_CTX_new(o.TLS_method())))).toBe(o.TLS1_2_VERSION);
  });
});
