// Everything that is checked without running the library. Every step runs, also after one has failed; `npm run check -- lint types` runs some of them.
import { spawnSync } from 'node:child_process';

/** @type {Record<string, { what: string, commands: string[] }>} */
const STEPS = {
  // First: tools are checked against what they load, which is built.
  build: { what: 'a fresh dist/', commands: ['npm run clean --silent', 'npm run build --silent'] },
  types: { what: 'types of sources, tests and tools', commands: ['tsc -p tsconfig.json', 'tsc -p tsconfig.tools.json'] },
  lint: { what: 'lint and format', commands: ['biome check --error-on-warnings --max-diagnostics=20'] },
  layers: { what: 'order of the floors, no circular import', commands: ['depcruise --config .dependency-cruiser.mjs dist'] },
  unused: { what: 'unused exports, files and dependencies', commands: ['knip --no-progress --no-config-hints'] },
  limits: { what: "SECURITY.md's table of limits is current", commands: ['node tools/limits-table.mjs'] },
  names: { what: 'docs/openssl-names.md is current, no tier A name is missing', commands: ['node tools/names-table.mjs'] },
  settings: { what: 'docs/settings.md is current', commands: ['node tools/settings-table.mjs'] },
  package: { what: 'the package as npm would publish it', commands: ['node tools/check-package.mjs'] },
};

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !Object.hasOwn(STEPS, name));
if (unknown.length > 0) {
  console.error(`unknown step ${unknown.join(', ')}; there are ${Object.keys(STEPS).join(', ')}`);
  process.exit(2);
}

const failed = Object.entries(STEPS)
  .filter(([name]) => chosen.length === 0 || chosen.includes(name))
  .filter(([name, { what, commands }]) => {
    const started = performance.now();
    const output = run(commands);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${output === undefined ? 'ok  ' : 'FAIL'} ${name.padEnd(8)} ${what} (${seconds} s)`);
    if (output !== undefined) console.log(`${output}\n`);
    return output !== undefined;
  });

if (failed.length > 0) {
  console.log(`${failed.length} failed: npm run check -- ${failed.map(([name]) => name).join(' ')}`);
  process.exitCode = 1;
}

/**
 * What the first failing command printed, or undefined where all went well.
 * @param {string[]} commands
 */
function run(commands) {
  // Under `npm run` the tools of node_modules/.bin are on the path.
  for (const command of commands) {
    const { status, stdout, stderr } = spawnSync(command, { shell: true, encoding: 'utf8', maxBuffer: 1 << 26 });
    if (status !== 0) return `${stdout}${stderr}`.trim() || `${command} ended with ${status}`;
  }
  return undefined;
}
