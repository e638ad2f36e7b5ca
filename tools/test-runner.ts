/**
 * A small stand-in for Vitest on runtimes that cannot run it: `npm run runtimes` bundles the portable test files with this module in place of
 * `vitest`. It knows describe, it, their `each`, `for`, `skip`, `skipIf` and `runIf`, the four hooks, and the `expect` that Vitest itself uses.
 * Tests run one after the other; the last line printed is `N passed, N failed, N skipped`.
 */
import process from 'node:process';
import { format } from 'node:util';
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  addCustomEqualityTesters,
  ChaiStyleAssertions,
  chai,
  customMatchers,
  type ExpectStatic,
  GLOBAL_EXPECT,
  getState,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from '@vitest/expect';

interface TestContext {
  readonly expect: ExpectStatic;
  readonly skip: (why?: string) => never;
  readonly onTestFinished: (ending: () => unknown) => void;
}

type Body = (...args: readonly unknown[]) => unknown;
type Hook = () => unknown;
interface Options {
  readonly timeout?: number;
}
type Define = (name: unknown, first?: Body | Options, second?: Body | Options | number) => void;
type Table = (rows: readonly unknown[]) => Define;

interface Definer extends Define {
  readonly each: Table;
  readonly for: Table;
  readonly skip: Definer;
  readonly todo: Definer;
  readonly concurrent: Definer;
  readonly sequential: Definer;
  readonly skipIf: (condition: unknown) => Definer;
  readonly runIf: (condition: unknown) => Definer;
}

interface Test {
  readonly name: string;
  readonly body: Body | undefined;
  readonly timeout: number;
}

interface Suite {
  readonly name: string;
  readonly skipped: boolean;
  readonly timeout: number;
  readonly children: (Test | Suite)[];
  readonly beforeAll: Hook[];
  readonly afterAll: Hook[];
  readonly beforeEach: Hook[];
  readonly afterEach: Hook[];
}

/** Slow machines run slow runtimes: a test may take this long unless it says itself that it needs more. */
const TIMEOUT_MS = 60_000;

const counts: { passed: number; failed: number; skipped: number } = { passed: 0, failed: 0, skipped: 0 };
let suite: Suite = newSuite('', false, TIMEOUT_MS);

export const it: Definer = definer(
  ({ name, body, timeout }, skipped) => suite.children.push({ name, timeout, body: skipped ? undefined : body }),
  false,
);
export const describe: Definer = definer(addSuite, false);
export const beforeAll: (hook: Hook) => void = (hook) => void suite.beforeAll.push(hook);
export const afterAll: (hook: Hook) => void = (hook) => void suite.afterAll.unshift(hook);
export const beforeEach: (hook: Hook) => void = (hook) => void suite.beforeEach.push(hook);
export const afterEach: (hook: Hook) => void = (hook) => void suite.afterEach.unshift(hook);
export const expect: ExpectStatic = makeExpect();

/** Loads and runs each file, prints its counts, and ends the program with the verdict. */
export async function run(files: readonly (readonly [name: string, load: () => Promise<unknown>])[]): Promise<void> {
  let current = '';
  const stray = (error: unknown): void => fail(`${current} > outside of any test`, error);
  process.on('uncaughtException', stray);
  process.on('unhandledRejection', stray);

  for (const [index, [name, load]] of files.entries()) {
    current = name;
    suite = newSuite(name, false, TIMEOUT_MS);
    const root = suite;
    try {
      await load();
      await runSuite(root, [], name);
    } catch (error) {
      fail(name, error);
    }
    console.log(`file ${index + 1} of ${files.length} ${name}`);
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  process.exit(counts.failed === 0 ? 0 : 1);
}

async function runSuite(current: Suite, parents: readonly Suite[], path: string): Promise<void> {
  if (current.skipped) {
    counts.skipped += countTests(current);
    return;
  }
  const line = [...parents, current];
  const endings: Hook[] = [];
  try {
    for (const hook of current.beforeAll) await runHook(hook, endings);
    for (const child of current.children) {
      const childPath = `${path} > ${child.name}`;
      if ('children' in child) await runSuite(child, line, childPath);
      else await runTest(child, line, childPath);
    }
  } catch (error) {
    fail(`${path} > beforeAll`, error);
  }
  for (const hook of [...current.afterAll, ...endings]) {
    try {
      await hook();
    } catch (error) {
      fail(`${path} > afterAll`, error);
    }
  }
}

async function runTest({ body, timeout }: Test, line: readonly Suite[], path: string): Promise<void> {
  if (body === undefined) {
    counts.skipped += 1;
    return;
  }
  const endings: Hook[] = [];
  const failures: unknown[] = [];
  const attempt = async (step: () => unknown): Promise<void> => {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  };
  const context: TestContext = {
    expect,
    skip: (why) => {
      throw new Skip(why);
    },
    onTestFinished: (ending) => void endings.unshift(ending),
  };
  setState({ assertionCalls: 0, isExpectingAssertions: false, expectedAssertionsNumber: null, currentTestName: path }, expect);
  await attempt(async () => {
    for (const hook of line.flatMap((each) => each.beforeEach)) await runHook(hook, endings);
    await within(timeout, body(context));
    checkAssertionCount();
  });
  for (const hook of [...[...line].reverse().flatMap((each) => each.afterEach), ...endings]) await attempt(hook);

  if (failures.length === 0) counts.passed += 1;
  else if (failures.every((error) => error instanceof Skip)) counts.skipped += 1;
  else
    fail(
      path,
      failures.find((error) => !(error instanceof Skip)),
    );
}

/** A hook may return what is to be done at the end. */
async function runHook(hook: Hook, endings: Hook[]): Promise<void> {
  const ending = await within(TIMEOUT_MS, hook());
  if (typeof ending === 'function') endings.unshift(() => ending());
}

async function within(ms: number, running: unknown): Promise<unknown> {
  if (!(running instanceof Promise)) return running;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not finished after ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([running, late]);
  } finally {
    clearTimeout(timer);
  }
}

class Skip extends Error {}

function fail(path: string, error: unknown): void {
  counts.failed += 1;
  console.log(`FAIL ${path}\n${format(error)}\n`);
}

const countTests = (current: Suite): number =>
  current.children.reduce((sum, child) => sum + ('children' in child ? countTests(child) : 1), 0);

function newSuite(name: string, skipped: boolean, timeout: number): Suite {
  return { name, skipped, timeout, children: [], beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] };
}

function addSuite({ name, body, timeout }: Test, skipped: boolean): void {
  const outer = suite;
  const inner = newSuite(name, skipped, timeout);
  outer.children.push(inner);
  suite = inner;
  try {
    if (body?.() instanceof Promise) throw new Error(`describe('${name}') is asynchronous: this runner wants it synchronous`);
  } finally {
    suite = outer;
  }
}

/** `it` or `describe`, with its variants. */
function definer(add: (test: Test, skipped: boolean) => void, skipped: boolean): Definer {
  const define: Define = (name, first, second) => {
    const body = [first, second].find((each) => typeof each === 'function');
    const options = [first, second].find((each) => typeof each === 'object');
    const asked = typeof second === 'number' ? second : (options?.timeout ?? 0);
    add(
      { name: typeof name === 'function' ? name.name : String(name), body, timeout: Math.max(asked, suite.timeout) },
      skipped || body === undefined,
    );
  };
  const table =
    (call: (body: Body, row: unknown, context: unknown) => unknown): Table =>
    (rows) =>
    (name, first, second) => {
      for (const [index, row] of rows.entries()) {
        const bind = <T>(given: T): T | Body => (typeof given === 'function' ? (context) => call(given as Body & T, row, context) : given);
        define(titleOf(String(name), row, index), bind(first), bind(second));
      }
    };
  const other = (otherSkipped: boolean): Definer => definer(add, skipped || otherSkipped);
  return Object.defineProperties(define, {
    each: { value: table((body, row) => (Array.isArray(row) ? body(...row) : body(row))) },
    for: { value: table((body, row, context) => body(row, context)) },
    skip: { get: () => other(true) },
    todo: { get: () => other(true) },
    concurrent: { get: () => other(false) },
    sequential: { get: () => other(false) },
    skipIf: { value: (condition: unknown) => other(Boolean(condition)) },
    runIf: { value: (condition: unknown) => other(!condition) },
  }) as Definer;
}

/** The title of one row of a table: `$field` for objects, `%s` and its kin for values, `%#` for the row's number. */
function titleOf(title: string, row: unknown, index: number): string {
  const numbered = title.replaceAll('%#', String(index)).replaceAll('%$', String(index + 1));
  const values = Array.isArray(row) ? row : [row];
  const named = numbered.replace(/\$([\w.]+)/g, (whole, path: string) => {
    const value = path.split('.').reduce<unknown>((from, key) => (from as Record<string, unknown> | undefined)?.[key], values[0]);
    return value === undefined ? whole : String(value);
  });
  const places = named.match(/%[sdifjoO]/g)?.length ?? 0;
  return format(named, ...values.slice(0, places));
}

function makeExpect(): ExpectStatic {
  for (const plugin of [JestExtend, JestChaiExpect, ChaiStyleAssertions, JestAsymmetricMatchers]) chai.use(plugin);
  const made = ((value: unknown, message?: string) => {
    setState({ assertionCalls: getState(made).assertionCalls + 1 }, made);
    return chai.expect(value, message);
  }) as ExpectStatic;
  Object.assign(made, chai.expect, Reflect.get(globalThis, ASYMMETRIC_MATCHERS_OBJECT), {
    getState: () => getState(made),
    setState: (state: object) => setState(state, made),
    extend: (matchers: object) => Reflect.get(chai.expect, 'extend').call(chai.expect, made, matchers),
    addEqualityTesters: addCustomEqualityTesters,
    assert: chai.assert,
    unreachable: (message?: string) =>
      chai.assert.fail(`reached what should be out of reach${message === undefined ? '' : `: ${message}`}`),
    assertions: (expected: number) => setState({ expectedAssertionsNumber: expected }, made),
    hasAssertions: () => setState({ isExpectingAssertions: true }, made),
  });
  made.extend(customMatchers);
  Object.defineProperty(globalThis, GLOBAL_EXPECT, { value: made, writable: true, configurable: true });
  return made;
}

function checkAssertionCount(): void {
  const { assertionCalls, expectedAssertionsNumber, isExpectingAssertions } = getState(expect);
  if (typeof expectedAssertionsNumber === 'number' && assertionCalls !== expectedAssertionsNumber)
    throw new Error(`${assertionCalls} assertions ran, not ${expectedAssertionsNumber}`);
  if (isExpectingAssertions === true && assertionCalls === 0) throw new Error('no assertion ran');
}
