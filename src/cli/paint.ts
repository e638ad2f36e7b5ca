/** Colours of a terminal, or none. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

/** Plain where the output is no terminal or NO_COLOR is set (no-color.org). */
export function paintFor(output: { readonly isTTY?: boolean | undefined }, env: NodeJS.ProcessEnv): Paint {
  const coloured = output.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  const between =
    (on: number, off: number) =>
    (text: string): string =>
      coloured ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return { bold: between(1, 22), dim: between(2, 22), green: between(32, 39), yellow: between(33, 39), cyan: between(36, 39) };
}
