/** Setting and reading rows of the settings table from C functions. */
import type { SettingInput, SettingName, Settings } from '../config/settings.ts';
import { attempt } from './errors.ts';

/** A context or a connection. */
export interface Holder {
  get<K extends SettingName>(name: K): Settings[K];
  set<K extends SettingName>(name: K, value: SettingInput<K>): unknown;
}

/** Sets a value: 1, or 0 with the reason on the queue and the old value in place. */
export const put = <K extends SettingName>(func: string, holder: Holder, name: K, value: SettingInput<K>): number =>
  attempt(func, 0, () => {
    holder.set(name, value);
    return 1;
  });

/** The same where C pushes no error on failure. */
export function putQuietly<K extends SettingName>(holder: Holder, name: K, value: SettingInput<K>): number {
  try {
    holder.set(name, value);
    return 1;
  } catch (error) {
    if (error instanceof Error && 'reason' in error && error.reason !== 'USE_AFTER_FREE') return 0;
    throw error;
  }
}

/** 1, as C answers when something was done that cannot fail. */
export const done = (_effect: unknown): number => 1;

/** A flag that C has as an int. */
export const asInt = (flag: boolean): number => (flag ? 1 : 0);
