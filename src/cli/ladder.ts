/** A handshake as a ladder: who said what, how large, when. */

import type { MsgCallback } from '../config/callbacks.ts';
import { alertName } from '../registry/alerts.ts';
import { CONTENT_TYPE, handshakeTypeName } from '../registry/content-types.ts';
import type { Paint } from './paint.ts';

export interface Rung {
  /** Whether it goes from the client to the server. */
  readonly toServer: boolean;
  readonly name: string;
  readonly bytes: number;
  /** Milliseconds since the connection could carry bytes. */
  readonly at: number;
  readonly encrypted: boolean;
}

/** Collects the messages that a client sends and receives. */
export function recorder(): { readonly rungs: Rung[]; readonly begin: () => void; readonly callback: MsgCallback } {
  const rungs: Rung[] = [];
  let start = performance.now();
  let encrypted = false;
  const begin = (): void => {
    start = performance.now();
  };
  const callback: MsgCallback = (write, _version, contentType, bytes) => {
    const name = nameOf(contentType, bytes);
    if (name === undefined) return;
    rungs.push({
      toServer: write,
      name,
      bytes: bytes.length,
      at: performance.now() - start,
      encrypted: encrypted && contentType !== CONTENT_TYPE.changeCipherSpec,
    });
    if (name === 'ServerHello') encrypted = true;
  };
  return { rungs, begin, callback };
}

function nameOf(contentType: number, bytes: Uint8Array): string | undefined {
  if (contentType === CONTENT_TYPE.handshake) return handshakeTypeName(bytes[0] as number);
  if (contentType === CONTENT_TYPE.changeCipherSpec) return 'ChangeCipherSpec';
  return contentType === CONTENT_TYPE.alert ? `Alert: ${alertName(bytes[1] as number)}` : undefined;
}

const WIDTH = 58;

/** The ladder as lines. `notes` stand under the messages of their names. */
export function drawLadder(rungs: readonly Rung[], notes: ReadonlyMap<string, string>, paint: Paint): string[] {
  const lines = [head(paint), rail('', paint)];
  let sealed = false;
  for (const rung of rungs) {
    if (rung.encrypted && !sealed) {
      sealed = true;
      lines.push(rail(paint.dim(centred('from here on everything is encrypted', '·')), paint));
    }
    lines.push(draw(rung, paint));
    const note = notes.get(rung.name);
    if (note !== undefined)
      for (const line of wrapped(note))
        lines.push(rail(paint.dim(rung.toServer ? `   ${line}`.padEnd(WIDTH) : `${line}   `.padStart(WIDTH)), paint));
  }
  return lines;
}

function head(paint: Paint): string {
  return `  ${paint.bold('client')}${' '.repeat(WIDTH - 8)}${paint.bold('server')}`;
}

const rail = (inside: string, paint: Paint, after = ''): string =>
  `  ${paint.dim('│')}${inside === '' ? ' '.repeat(WIDTH) : inside}${paint.dim('│')}${after}`;

/** `─ ClientHello ────────── 1,417 B ─▶`, or the other way round. */
function draw({ toServer, name, bytes, at, encrypted }: Rung, paint: Paint): string {
  const size = `${bytes.toLocaleString('en')} B`;
  const rule = '─'.repeat(Math.max(2, WIDTH - name.length - size.length - 9));
  const colour = encrypted ? paint.green : paint.yellow;
  const arrow = toServer
    ? ` ${colour('─')} ${paint.bold(name)} ${colour(rule)} ${size} ${colour('─▶')} `
    : ` ${colour('◀─')} ${size} ${colour(rule)} ${paint.bold(name)} ${colour('─')} `;
  return rail(arrow, paint, paint.dim(`${at.toFixed(1).padStart(8)} ms`));
}

function centred(text: string, filler: string): string {
  const left = Math.floor((WIDTH - text.length - 2) / 2);
  return `${filler.repeat(left)} ${text} ${filler.repeat(WIDTH - text.length - 2 - left)}`;
}

/** Breaks a note at its separators, so that it fits between the rails. */
function wrapped(note: string): string[] {
  const lines: string[] = [];
  for (const part of note.split(', ')) {
    const last = lines.at(-1);
    const joined = last === undefined ? part : `${last}, ${part}`;
    if (last !== undefined && joined.length > WIDTH - 6) lines.push(part);
    else lines[Math.max(0, lines.length - 1)] = joined;
  }
  return lines;
}
