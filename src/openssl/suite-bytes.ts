import { build } from '../bytes/writer.ts';

/** Cipher suites as they stand on the wire, two bytes each. */
export const suiteBytes = (ids: readonly number[]): Uint8Array =>
  build((w) => {
    for (const id of ids) w.u16(id);
  });
