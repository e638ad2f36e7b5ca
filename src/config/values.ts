/** Loops over the settings table: what SSL_CTX_new, SSL_new, SSL_dup and the setters do for each row. */
import { refuse } from '../registry/fatal.ts';
import {
  accept,
  type Scope,
  SETTING_NAMES,
  SETTINGS,
  type SettingInput,
  type SettingName,
  type SettingRow,
  type Settings,
} from './settings.ts';

/** The values of a context or of a connection. Values are immutable but for those of rows that say how to copy them. */
export type Values = { -readonly [K in SettingName]: Settings[K] };

const rowOf = <K extends SettingName>(name: K): SettingRow<Settings[K]> => SETTINGS[name];

const COPIED: readonly SettingName[] = SETTING_NAMES.filter((name) => SETTINGS[name].copy !== undefined);
const OF_CONNECTIONS: readonly SettingName[] = SETTING_NAMES.filter(
  (name) => SETTINGS[name].scope === 'connection' || SETTINGS[name].scope === 'lookup',
);
const OF_CERT: readonly SettingName[] = SETTING_NAMES.filter((name) => SETTINGS[name].ofCert);

function fill<K extends SettingName>(values: Values, name: K): void {
  values[name] = rowOf(name).initial();
}

function copyRow<K extends SettingName>(values: Values, name: K): void {
  values[name] = rowOf(name).copy?.(values[name]) ?? values[name];
}

/** Values of a new context. */
export function initialValues(): Values {
  const values = {} as Values;
  for (const name of SETTING_NAMES) fill(values, name);
  // Building an object key by key leaves it in a slow form; a spread gives it a fast one, and so do all copies of it.
  return { ...values };
}

/** Values of a new connection: a snapshot of its context's, without values of its own for what is looked up (SSL_new(3)). */
export function inheritValues(context: Values): Values {
  const values = { ...context };
  for (const name of OF_CONNECTIONS) fill(values, name);
  for (const name of COPIED) copyRow(values, name);
  return values;
}

/** Values of a duplicate: all that was configured, independent from then on (SSL_dup(3)). */
export function duplicateValues(source: Values): Values {
  const values = { ...source };
  for (const name of COPIED) copyRow(values, name);
  return values;
}

/** Takes over what belongs to a context's certificates, when a connection moves there (SSL_set_SSL_CTX(3)). */
export function adoptCert(values: Values, context: Values): void {
  for (const name of OF_CERT) adoptRow(values, context, name);
}

function adoptRow<K extends SettingName>(values: Values, context: Values, name: K): void {
  values[name] = context[name];
}

/** Sets one value after the row has checked it. `on`: scopes that may be set here. */
export function setValue<K extends SettingName>(values: Values, name: K, value: SettingInput<K>, on: readonly Scope[]): void {
  if (!Object.hasOwn(SETTINGS, name)) refuse('UNKNOWN_SETTING', String(name));
  if (!on.includes(SETTINGS[name].scope))
    refuse('UNKNOWN_SETTING', `${name} is set on ${SETTINGS[name].scope === 'connection' ? 'a connection' : 'a context'}`);
  values[name] = accept(name, value);
  // What `SettingInput` allows is what the row reads.
  Object.assign(values, SETTINGS[name].brings?.(value as never, values));
}
