/** Texts of alerts (SSL_alert_type_string(3)). `value` is what the info callback gets: the level, then the description. */
import { alertName } from '../registry/alerts.ts';
import { attempt } from './errors.ts';
import type { SSL } from './types.ts';

/** BoringSSL's: ends the connection with an alert of the application's choice. 1 when it is out, 0 where it waits for the BIO, -1 where it cannot be sent. */
export const SSL_send_fatal_alert = (ssl: SSL, alert: number): number =>
  attempt('SSL_send_fatal_alert', -1, () => (ssl.sendFatalAlert(alert) ? 1 : 0));

export const SSL_alert_type_string = (value: number): string => ({ 1: 'W', 2: 'F' })[value >> 8] ?? 'U';
export const SSL_alert_type_string_long = (value: number): string => ({ 1: 'warning', 2: 'fatal' })[value >> 8] ?? 'unknown';

/** Two letters. */
export const SSL_alert_desc_string = (value: number): string => SHORT.get(value & 0xff) ?? 'UK';
export const SSL_alert_desc_string_long = (value: number): string => LONG.get(value & 0xff) ?? 'unknown';

const SHORT: ReadonlyMap<number, string> = new Map([
  [0, 'CN'],
  [10, 'UM'],
  [20, 'BM'],
  [21, 'DC'],
  [22, 'RO'],
  [30, 'DF'],
  [40, 'HF'],
  [41, 'NC'],
  [42, 'BC'],
  [43, 'UC'],
  [44, 'CR'],
  [45, 'CE'],
  [46, 'CU'],
  [47, 'IP'],
  [48, 'CA'],
  [49, 'AD'],
  [50, 'DE'],
  [51, 'CY'],
  [60, 'ER'],
  [70, 'PV'],
  [71, 'IS'],
  [80, 'IE'],
  [90, 'US'],
  [100, 'NR'],
  [110, 'UE'],
  [111, 'CO'],
  [112, 'UN'],
  [113, 'BR'],
  [114, 'BH'],
  [115, 'UP'],
]);

/** OpenSSL's words are the RFC's but for these. */
const DIFFERENT: ReadonlyMap<number, string> = new Map([
  [0, 'close notify'],
  [20, 'bad record mac'],
  [90, 'user canceled'],
]);

const LONG: ReadonlyMap<number, string> = new Map(
  [...SHORT.keys(), 120].map((code): [number, string] => [code, DIFFERENT.get(code) ?? alertName(code).replaceAll('_', ' ')]),
);
