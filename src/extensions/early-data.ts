import { type ExtensionDef, FLAG } from './extension.ts';

/** early_data: 0-RTT data follows, is accepted, or how much of it a ticket allows (RFC 9846, 4.2.10). */
export const earlyData: ExtensionDef<{ CH: true; EE: true; NST: number }> = {
  id: 42,
  name: 'early_data',
  spec: 'RFC 9846, 4.2.10',
  CH: FLAG,
  EE: FLAG,
  NST: { read: (r) => r.u32(), write: (w, maximum) => void w.u32(maximum) },
};
