/** Configuration files (config(5)), and the contexts and connections that are set up from them (SSL_CTX_config(3)). */
import { fromUtf8 } from '../bytes/bytes.ts';
import { ConfFile, type ConfValue, DEFAULT_SECTION } from '../bytes/conf-file.ts';
import { refuse } from '../registry/fatal.ts';
import {
  SSL_CONF_CTX_finish,
  SSL_CONF_CTX_new,
  SSL_CONF_CTX_set_flags,
  SSL_CONF_CTX_set_ssl,
  SSL_CONF_CTX_set_ssl_ctx,
  SSL_CONF_cmd,
} from './conf.ts';
import * as c from './constants.ts';
import { attempt, pushSslError } from './errors.ts';
import { readFile } from './files.ts';
import { environment } from './runtime.ts';
import type { SSL, SSL_CTX } from './types.ts';

export type CONF_VALUE = ConfValue;

/** The sections of a file; what comes before the first is in `default`. */
export class CONF extends ConfFile {
  constructor() {
    super(environment);
  }
}

export const NCONF_new = (_method: unknown): CONF => new CONF();
export const NCONF_free = (_conf: CONF | null): void => undefined;

/** 1; 0 where the file cannot be read, or is none. `eline` gets the number of the line that is wrong. */
export const NCONF_load = (conf: CONF, filename: string, eline?: { value: number }): number =>
  attempt('NCONF_load', 0, () => {
    const bytes = readFile('NCONF_load', filename);
    if (bytes === null) return 0;
    const bad = conf.read(fromUtf8(bytes));
    if (bad === undefined) return 1;
    if (eline !== undefined) eline.value = bad.line;
    return refuse('BAD_DATA', `${filename}, line ${bad.line}: ${bad.detail}`);
  });

export const NCONF_get_section = (conf: CONF, section: string): readonly CONF_VALUE[] | null => {
  const values = conf.section(section);
  return values.length > 0 ? values : null;
};
export const NCONF_get_string = (conf: CONF, group: string | null, name: string): string | null =>
  conf.find(group ?? DEFAULT_SECTION, name) ?? null;

// ---- the `ssl_conf` module

/** Names of `ssl_conf` and their commands, as the last file that was loaded has them. */
let modules: ReadonlyMap<string, readonly CONF_VALUE[]> = new Map();

/** Takes up the `ssl_conf` section that `appname` (or `openssl_conf`) of a file leads to; 1, or 0 for a file that cannot be read. */
export function CONF_modules_load_file(filename: string, appname: string | null, _flags: number): number {
  const conf = new CONF();
  if (NCONF_load(conf, filename) !== 1) return 0;
  const start = conf.find(DEFAULT_SECTION, appname ?? 'openssl_conf') ?? conf.find(DEFAULT_SECTION, 'openssl_conf');
  const names = start === undefined ? undefined : conf.find(start, 'ssl_conf');
  if (names === undefined) return 1;
  modules = new Map(conf.section(names).map(({ name, value }) => [name, conf.section(value)]));
  return 1;
}

/** What files and contexts' own commands may name; the system's defaults bring no certificates. */
const OWN = c.SSL_CONF_FLAG_FILE | c.SSL_CONF_FLAG_CERTIFICATE | c.SSL_CONF_FLAG_REQUIRE_PRIVATE;

/** Runs commands; one that fails ends it. */
function configure(func: string, { ctx, ssl }: { readonly ctx?: SSL_CTX; readonly ssl?: SSL }, name: string, flags: number): number {
  const role = (ctx ?? ssl?.context)?.role;
  const cctx = SSL_CONF_CTX_new();
  if (ctx !== undefined) SSL_CONF_CTX_set_ssl_ctx(cctx, ctx);
  if (ssl !== undefined) SSL_CONF_CTX_set_ssl(cctx, ssl);
  SSL_CONF_CTX_set_flags(cctx, flags);
  if (role !== 'client') SSL_CONF_CTX_set_flags(cctx, c.SSL_CONF_FLAG_SERVER);
  if (role !== 'server') SSL_CONF_CTX_set_flags(cctx, c.SSL_CONF_FLAG_CLIENT);
  for (const { name: command, value } of modules.get(name) ?? []) {
    // What stands before a dot only makes repeated commands differ.
    if (SSL_CONF_cmd(cctx, command.replace(/^[^.]*\./, ''), value) > 0) continue;
    pushSslError(func, 'BAD_VALUE', `section=${name}, cmd=${command}, arg=${value}`);
    return 0;
  }
  return SSL_CONF_CTX_finish(cctx);
}

function configureByName(func: string, target: Parameters<typeof configure>[1], name: string): number {
  if (modules.has(name)) return configure(func, target, name, OWN);
  pushSslError(func, 'INVALID_CONFIGURATION_NAME', `name=${name}`);
  return 0;
}

/** Sets a context up with the commands of a name in the file that CONF_modules_load_file(3) read. */
export const SSL_CTX_config = (ctx: SSL_CTX, name: string): number => configureByName('SSL_CTX_config', { ctx }, name);
export const SSL_config = (ssl: SSL, name: string): number => configureByName('SSL_config', { ssl }, name);

/** `system_default` of that file sets up every new context (SSL_CTX_new(3)). */
export const configureBySystem = (ctx: SSL_CTX): void => void configure('SSL_CTX_new', { ctx }, 'system_default', c.SSL_CONF_FLAG_FILE);
