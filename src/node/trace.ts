/** What `enableTrace` prints. */
import type { MsgCallback } from '../config/callbacks.ts';
import { alertName } from '../registry/alerts.ts';
import { CONTENT_TYPE, handshakeTypeName } from '../registry/content-types.ts';
import { versionName } from '../registry/versions.ts';

/** Each record and each message in a line or two: what it is and how long, never what is in it. */
export const trace: MsgCallback = (write, version, contentType, bytes) => {
  const direction = write ? 'Sent' : 'Received';
  if (contentType === CONTENT_TYPE.recordHeader) {
    const length = ((bytes[3] as number) << 8) | (bytes[4] as number);
    print(
      `${direction} Record`,
      `  Version = ${versionName(version)}`,
      `  Content Type = ${typeName(bytes[0] as number)}`,
      `  Length = ${length}`,
    );
  } else if (contentType === CONTENT_TYPE.handshake) {
    print(`    ${handshakeTypeName(bytes[0] as number)}, Length=${bytes.length - 4}`);
  } else if (contentType === CONTENT_TYPE.alert) {
    print(`    Level=${bytes[0] === 2 ? 'fatal' : 'warning'}, description=${alertName(bytes[1] as number)}`);
  }
};

const print = (...lines: readonly string[]): unknown => process.stderr.write(`${lines.join('\n')}\n`);

const typeName = (type: number): string => Object.entries(CONTENT_TYPE).find(([, id]) => id === type)?.[0] ?? String(type);
