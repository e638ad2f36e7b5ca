/** `-msg` and `-state`: the protocol as it goes by. */
import type { Writable } from 'node:stream';
import type { InfoCallback, MsgCallback } from '../config/callbacks.ts';
import { ALERTS, alertName } from '../registry/alerts.ts';
import { CONTENT_TYPE, handshakeTypeName } from '../registry/content-types.ts';
import { INFO } from '../registry/options.ts';
import { STATES } from '../registry/states.ts';
import { TLS1_3_VERSION } from '../registry/versions.ts';

const CONTENT_NAMES: ReadonlyMap<number, string> = new Map([
  [CONTENT_TYPE.changeCipherSpec, 'ChangeCipherSpec'],
  [CONTENT_TYPE.alert, 'Alert'],
  [CONTENT_TYPE.handshake, 'Handshake'],
  [CONTENT_TYPE.applicationData, 'ApplicationData'],
  [CONTENT_TYPE.recordHeader, 'RecordHeader'],
  [CONTENT_TYPE.innerContentType, 'InnerContent'],
]);

/** Prints each message with its bytes, as SSL_set_msg_callback's user in the commands does. */
export function traceMessages(out: Writable): MsgCallback {
  return (write, version, contentType, bytes) => {
    const header = contentType === CONTENT_TYPE.recordHeader;
    const spoken = versionText(header ? ((bytes[1] as number) << 8) | (bytes[2] as number) : version || TLS1_3_VERSION);
    const kind = CONTENT_NAMES.get(contentType) ?? String(contentType);
    const length = bytes.length.toString(16).padStart(4, '0');
    out.write(`${write ? '>>>' : '<<<'} ${spoken}, ${kind} [length ${length}]${detail(contentType, bytes)}\n${hexLines(bytes)}`);
  };
}

function detail(contentType: number, bytes: Uint8Array): string {
  if (contentType === CONTENT_TYPE.handshake) return `, ${handshakeTypeName(bytes[0] as number)}`;
  if (contentType === CONTENT_TYPE.alert) return `, ${bytes[0] === 2 ? 'fatal' : 'warning'} ${alertName(bytes[1] as number)}`;
  return '';
}

const versionText = (version: number): string => (version >= 0x0301 && version <= 0x0304 ? `TLS 1.${version - 0x0301}` : 'TLS ???');

function hexLines(bytes: Uint8Array): string {
  let out = '';
  for (let at = 0; at < bytes.length; at += 16) {
    out += `   ${[...bytes.subarray(at, at + 16)].map((byte) => ` ${byte.toString(16).padStart(2, '0')}`).join('')}\n`;
  }
  return out;
}

/** Prints each state, alert and failure. */
export function traceStates(out: Writable): InfoCallback {
  return (ssl, where, ret) => {
    const call = (where & INFO.CONNECT) !== 0 ? 'SSL_connect' : 'SSL_accept';
    const state = STATES[ssl.connection?.state ?? 'BEFORE'].long;
    if ((where & INFO.LOOP) !== 0) out.write(`${call}:${state}\n`);
    else if ((where & INFO.ALERT) !== 0) {
      const level = ret >> 8 === 2 ? 'fatal' : 'warning';
      out.write(`SSL3 alert ${(where & INFO.READ) === 0 ? 'write' : 'read'}:${level}:${alertText(ret & 0xff)}\n`);
    } else if ((where & INFO.EXIT) !== 0 && ssl.failure !== undefined) out.write(`${call}:${ret === 0 ? 'failed' : 'error'} in ${state}\n`);
  };
}

/** SSL_alert_desc_string_long(3). */
function alertText(description: number): string {
  if (description === ALERTS.unexpected_message) return 'unexpected_message';
  return alertName(description).replaceAll('_', ' ').replace('unknown ca', 'unknown CA').replace('psk', 'PSK');
}
