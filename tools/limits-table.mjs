// Keeps SECURITY.md's table of limits equal to src/registry/limits.ts. Says whether it is; `--write` (npm run limits) makes it so.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const PAGE = 'SECURITY.md';
const BEGIN = '<!-- limits: made by `npm run limits` from src/registry/limits.ts -->';
const END = '<!-- /limits -->';
const BUILT = new URL('../dist/registry/limits.js', import.meta.url);

if (!existsSync(BUILT)) fail('dist/registry/limits.js is missing: build first');
const { LIMITS } = await import(BUILT.href);

const page = readFileSync(PAGE, 'utf8');
const begin = page.indexOf(BEGIN);
const end = page.indexOf(END);
if (begin < 0 || end < begin) fail(`${PAGE} has lost its markers ${BEGIN} and ${END}`);

const current = `${page.slice(0, begin + BEGIN.length)}\n\n${table(LIMITS)}\n\n${page.slice(end)}`;
if (process.argv.includes('--write')) writeFileSync(PAGE, current);
else if (current !== page) fail(`the table of limits in ${PAGE} is out of date: npm run limits`);

/** @param {Record<string, { value: number, unit: string, reason: string }>} limits */
function table(limits) {
  const rows = Object.entries(limits).map(([name, { value, unit, reason }]) => [`\`${name}\``, value.toLocaleString('en'), unit, reason]);
  const cells = [['limit', 'value', 'unit', 'reason'], ['---', '---:', '---', '---'], ...rows];
  return cells.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n');
}

/**
 * @param {string} why
 * @returns {never}
 */
function fail(why) {
  console.error(why);
  process.exit(1);
}
