// What is measured once for each process: memory of idle connections, time to import and to a first handshake; and the size of a bundle.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

const SIDES = { libssl: './ours.mjs', 'node:tls': './streams.mjs' };
/** Idle connections at a time. */
const PAIRS = 5000;

/**
 * Rows where less is better.
 * @param {import('./cases.mjs').Setup} setup
 */
export const onceRows = (setup, rounds) => [
  { name: `memory of an idle pair, ${PAIRS} of them`, unit: 'KiB', values: () => idleRow(Math.ceil(rounds / 3), setup) },
  { name: 'import and first handshake', unit: 'ms', values: () => startRow('memory', 'index.js', rounds, setup) },
  { name: 'import and first handshake, over TCP', unit: 'ms', values: () => startRow('tcp', 'node/index.js', rounds, setup) },
  { name: 'bundle of everything `libssl` exports, minified and gzipped', unit: 'KiB', values: bundleSize },
];

/** Every side in processes of its own, by turns. @param {(side: string) => string[]} argumentsOf */
function inChildren(argumentsOf, rounds, setup) {
  const out = {};
  const env = { ...process.env, LIBSSL_BENCH_SETUP: JSON.stringify(setup) };
  for (let i = 0; i < rounds; i++) {
    for (const side of Object.keys(SIDES)) {
      const { stdout, stderr, status } = spawnSync(process.execPath, argumentsOf(side), { encoding: 'utf8', env });
      if (status !== 0) throw new Error(stderr);
      out[side] = [...(out[side] ?? []), Number(stdout)];
    }
  }
  return out;
}

/** A program of this folder. */
const program = (name) => fileURLToPath(new URL(name, import.meta.url));

const idleRow = (rounds, setup) => inChildren((side) => ['--expose-gc', program('./once.mjs'), 'idle', side], rounds, setup);

const startRow = (how, entry, rounds, setup) =>
  bundled((at) => inChildren((side) => [program('./start.mjs'), how, side, side === 'libssl' ? at(entry) : side], 2 * rounds, setup));

/** With the package as it is published, for a while. It stands in this folder for its dependencies to be found. */
function bundled(use) {
  const folder = mkdtempSync(fileURLToPath(new URL('./bundle-', import.meta.url)));
  try {
    execFileSync(process.execPath, [fileURLToPath(new URL('../tools/bundle.mjs', import.meta.url)), folder]);
    return use((file) => pathToFileURL(join(folder, file)).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function bundleSize() {
  const { rolldown } = await import('rolldown');
  const build = await rolldown({
    input: fileURLToPath(new URL('../dist/index.js', import.meta.url)),
    platform: 'node',
    external: /^node:/,
    logLevel: 'silent',
  });
  const { output } = await build.generate({ minify: true });
  return { libssl: [output.reduce((sum, { code = '' }) => sum + gzipSync(code).length, 0) / 1024] };
}

/** KiB of the process's memory that one more idle pair holds. */
async function idle(side, setup) {
  const both = side.contexts(setup);
  const kept = [];
  const open = async (count) => {
    for (let i = 0; i < count; i++) {
      kept.push(await side.memoryConnection(both));
      if (i % 20 === 0) await new Promise(setImmediate);
    }
    for (let i = 0; i < 3; i++) {
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  // What the first ones cost (code, caches, pools) is nobody's share.
  await open(200);
  const before = process.memoryUsage().rss;
  await open(PAIRS);
  return (process.memoryUsage().rss - before) / PAIRS / 1024;
}

const [, main, what, name] = process.argv;
if (main === fileURLToPath(import.meta.url) && what === 'idle') {
  const setup = JSON.parse(process.env.LIBSSL_BENCH_SETUP ?? 'null');
  console.log(await idle(await import(SIDES[name]), setup));
  process.exit();
}
