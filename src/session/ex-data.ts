/** Values an application attaches to a context, a connection or a session (CRYPTO_get_ex_new_index(3)). */
import { refuse } from '../registry/fatal.ts';

export type ExNew = (parent: unknown, value: unknown, data: ExData, index: number, argl: number, argp: unknown) => void;
export type ExFree = (parent: unknown, value: unknown, data: ExData, index: number, argl: number, argp: unknown) => void;
/** Gives the value the copy gets: the same, another, or undefined to refuse the duplicate. */
export type ExDup = (
  to: ExData,
  from: ExData,
  value: unknown,
  index: number,
  argl: number,
  argp: unknown,
) => { readonly value: unknown } | undefined;

interface ExIndex {
  readonly argl: number;
  readonly argp: unknown;
  readonly onNew: ExNew | undefined;
  readonly onDup: ExDup | undefined;
  readonly onFree: ExFree | undefined;
}

export type ExClass = 'SSL' | 'SSL_CTX' | 'SSL_SESSION';

/** Index 0 of each class is the application's, without callbacks (SSL_set_app_data(3)). */
const PLAIN: ExIndex = { argl: 0, argp: undefined, onNew: undefined, onDup: undefined, onFree: undefined };
const REGISTERED: Readonly<Record<ExClass, ExIndex[]>> = { SSL: [PLAIN], SSL_CTX: [PLAIN], SSL_SESSION: [PLAIN] };

/** Registers an index for all objects of a class; the first is 1 (SSL_get_ex_new_index(3)). */
export function newExIndex(kind: ExClass, argl: number, argp: unknown, onNew?: ExNew, onDup?: ExDup, onFree?: ExFree): number {
  return REGISTERED[kind].push({ argl, argp, onNew, onDup, onFree }) - 1;
}

/** The values of one object. */
export class ExData {
  private readonly kind: ExClass;
  private readonly values: Map<number, unknown> = new Map();

  /** Runs the new callbacks of every index there is, with `parent` the object it belongs to. */
  constructor(kind: ExClass, parent: unknown) {
    this.kind = kind;
    for (const [index, { onNew, argl, argp }] of REGISTERED[kind].entries()) onNew?.(parent, undefined, this, index, argl, argp);
  }

  get(index: number): unknown {
    return this.values.get(index);
  }

  set(index: number, value: unknown): void {
    if (!(index >= 0 && index < REGISTERED[this.kind].length)) refuse('BAD_SETTING_VALUE', `index ${index} was not registered`);
    this.values.set(index, value);
  }

  /**
   * Copies the values up to the last that was ever set, through the dup callback where there is one, also for those between that
   * were not set. False where a callback refused (SSL_dup(3)).
   */
  copyFrom(source: ExData): boolean {
    const visited = 1 + Math.max(-1, ...source.values.keys());
    for (const [index, { onDup, argl, argp }] of REGISTERED[this.kind].slice(0, visited).entries()) {
      const value = source.values.get(index);
      const copied = onDup === undefined ? { value } : onDup(this, source, value, index, argl, argp);
      if (copied === undefined) return false;
      if (copied.value !== undefined || this.values.has(index)) this.values.set(index, copied.value);
    }
    return true;
  }

  /** Runs the free callbacks of every index, also where no value was set. */
  free(parent: unknown): void {
    for (const [index, { onFree, argl, argp }] of REGISTERED[this.kind].entries())
      onFree?.(parent, this.values.get(index), this, index, argl, argp);
    this.values.clear();
  }
}
