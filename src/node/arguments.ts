/** The checks `node:tls` makes of its arguments, with its codes and its words. */
import { util } from './builtins.ts';
import { type NodeError, withCode } from './errors.ts';

const BUFFERS = 'an instance of Buffer, TypedArray, or DataView';

/** ERR_INVALID_ARG_TYPE: `expected` is what stands behind "must be". A name with a dot is a property. */
export const invalidType = (name: string, expected: string, value: unknown): NodeError =>
  withCode('ERR_INVALID_ARG_TYPE', `The "${name}" ${placeOf(name)} must be ${expected}. Received ${described(value)}`, {}, TypeError);

/** ERR_INVALID_ARG_VALUE. */
export const invalidValue = (name: string, value: unknown, reason = 'is invalid', Kind: ErrorConstructor = TypeError): NodeError => {
  const shown = util.inspect(value);
  const short = shown.length > 128 ? `${shown.slice(0, 128)}...` : shown;
  return withCode('ERR_INVALID_ARG_VALUE', `The ${placeOf(name)} '${name}' ${reason}. Received ${short}`, {}, Kind);
};

/** ERR_OUT_OF_RANGE: `range` is what stands behind "It must be". */
export const outOfRange = (name: string, range: string, value: unknown): NodeError =>
  withCode('ERR_OUT_OF_RANGE', `The value of "${name}" is out of range. It must be ${range}. Received ${grouped(value)}`, {}, RangeError);

export function checkString(name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw invalidType(name, 'of type string', value);
}

export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw invalidType(name, 'of type function', value);
}

export function checkBoolean(name: string, value: unknown): void {
  if (typeof value !== 'boolean') throw invalidType(name, 'of type boolean', value);
}

export function checkNumber(name: string, value: unknown): void {
  if (typeof value !== 'number') throw invalidType(name, 'of type number', value);
}

export function checkObject(name: string, value: unknown): asserts value is object {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw invalidType(name, 'of type object', value);
}

export function checkBuffer(name: string, value: unknown): asserts value is ArrayBufferView {
  if (!ArrayBuffer.isView(value)) throw invalidType(name, BUFFERS, value);
}

/** A certificate, a key, a list: text or bytes. */
export function checkMaterial(name: string, value: unknown): void {
  if (typeof value !== 'string' && !ArrayBuffer.isView(value)) throw invalidType(name, `of type string or ${BUFFERS}`, value);
}

/** A whole number of at least `least` and at most `most`. */
export function checkInteger(name: string, value: unknown, ...bounds: readonly [least?: number, most?: number]): void {
  const [least = -(2 ** 31), most = 2 ** 31 - 1] = bounds;
  checkNumber(name, value);
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value);
  if ((value as number) < least || (value as number) > most) throw outOfRange(name, `>= ${least} && <= ${most}`, value);
}

const placeOf = (name: string): string => (name.includes('.') ? 'property' : 'argument');

/** What a value is, as Node's messages put it. */
function described(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'function') return `function ${value.name}`;
  if (typeof value === 'object') {
    const name: unknown = value.constructor?.name;
    return typeof name === 'string' && name !== '' ? `an instance of ${name}` : util.inspect(value, { depth: -1 });
  }
  const shown = typeof value === 'string' && value.length > 28 ? `${value.slice(0, 25)}...` : value;
  return `type ${typeof value} (${util.inspect(shown)})`;
}

/** Node sets underscores into numbers above 2^32. */
const grouped = (value: unknown): string =>
  typeof value === 'number' && Number.isInteger(value) && Math.abs(value) > 2 ** 32
    ? String(value).replace(/(?<=\d)(?=(?:\d{3})+$)/g, '_')
    : util.inspect(value);
