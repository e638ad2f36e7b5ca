// Writes docs/openssl-names.md: every function of libssl 1.1.1, and what becomes of it here. `--write` writes it; without, it is compared.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { ROOT } from './source-aliases.mjs';

const FILE = `${ROOT}docs/openssl-names.md`;
const CONSTANTS = `${ROOT}src/openssl/constants-reasons.ts`;
/** @type {Record<string, unknown>} */
const exported = await import(`${ROOT}dist/openssl/index.js`);
/** @type {{ REFUSALS: Record<string, string> }} */
const { REFUSALS } = await import(`${ROOT}dist/openssl/refused.js`);

/**
 * Why a function is not there at all, by area, or by its own name.
 * @type {Record<string, string>}
 */
const ABSENT = {
  srp: 'SRP is never built: its suites are TLS 1.2 with SHA-1 and CBC',
  compression: 'TLS compression is never built: it leaks secrets (CRIME)',
  async: 'there are no file descriptors to wait for; `ssl.settled` is a promise',
  SSL_get0_dane: 'the structure is internal; SSL_get0_dane_tlsa and SSL_get0_dane_authority show what matched',
  PEM_read_SSL_SESSION: 'there are no FILE pointers; PEM_read_bio_SSL_SESSION reads from a BIO',
  PEM_write_SSL_SESSION: 'there are no FILE pointers; PEM_write_bio_SSL_SESSION writes to a BIO',
  SSL_SESSION_print_fp: 'there are no FILE pointers; SSL_SESSION_print prints to a BIO',
  SSL_CTX_sessions: 'the hash table is internal; SSL_CTX_sess_number counts',
  SSL_test_functions: 'for OpenSSL’s own tests',
  'legacy-removed': 'export ciphers and heartbeats are gone for good',
};

const [, ...rows] = readFileSync(`${ROOT}tools/openssl-names.tsv`, 'utf8')
  .trim()
  .split('\n')
  .map((line) => /** @type {[name: string, kind: string, signature: string, area: string, tier: string]} */ (line.split('\t')));

const tests = testFiles();
/** @type {string[]} */
const problems = [];
const counts = { works: 0, refuses: 0, absent: 0 };
const tierA = { works: 0, refuses: 0, absent: 0 };

const lines = rows
  .map(([name, , , area, tier]) => ({ name, area, tier, ...stateOf(name, area) }))
  .sort((a, b) => a.area.localeCompare(b.area) || a.tier.localeCompare(b.tier) || a.name.localeCompare(b.name))
  .map(({ name, area, tier, state, reason }) => {
    counts[state]++;
    if (tier === 'A') tierA[state]++;
    if (state === 'works' && testOf(name) === '') problems.push(`${name} works, and no test shows it`);
    if (tier === 'A' && state === 'absent') problems.push(`${name} is tier A and absent`);
    return `| \`${name}\` | ${area} | ${tier} | ${state}${reason ? `: ${reason}` : ''} | ${state === 'absent' ? '' : testOf(name)} |`;
  });

for (const name of Object.keys(REFUSALS)) {
  if (typeof exported[name] !== 'function') problems.push(`${name} has a reason to refuse and is not exported`);
  if (!rows.some(([known]) => known === name)) problems.push(`${name} refuses and is no function of libssl`);
}

/** @param {{ works: number, refuses: number, absent: number }} counted */
const sum = ({ works, refuses, absent }) => `${works} work, ${refuses} refuse with a reason on the error queue, ${absent} are absent`;
const text = `# OpenSSL's names

Every function and function-like macro of libssl 1.1.1, and what becomes of it in \`libssl/openssl\`. This page is made by
\`npm run names\` from \`tools/openssl-names.tsv\`, the exports of the built package and the tests that use them; a check fails when it
is not current.

Of ${rows.length}: ${sum(counts)}. Of the ${rows.filter(([, , , , tier]) => tier === 'A').length} in tier A, which programs use: ${sum(tierA)}.

How a C function becomes a TypeScript function: names and the order of arguments stay; a pointer with a length is one \`Uint8Array\`;
\`NULL\` is \`null\`; an out-parameter is the result, and where C's result says more (\`SSL_read_ex\`, \`SSL_read_early_data\` …) it is an
\`Out<T>\`, made by \`out()\`; a callback that fills something returns it, or C's number for failure; where C lets a callback say "later",
it may return a promise. STACK_OF(T) is an array. [Deviations from 1.1.1k](deviations.md) are few, and each has its reason.

| function | area | tier | state | test |
| --- | --- | --- | --- | --- |
${lines.join('\n')}
`;

for (const [file, current] of [
  [FILE, text],
  [CONSTANTS, await constants()],
]) {
  if (file === undefined || current === undefined) continue;
  if (process.argv.includes('--write')) writeFileSync(file, current);
  else if (!existsSync(file) || readFileSync(file, 'utf8') !== current) problems.push(`${file} is not current: npm run names`);
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

/** `SSL_R_*` and `X509_V_ERR_*`, out of the tables of src/registry. Numbers from 900 on are our own and have no name in C. */
async function constants() {
  /** @type {{ REASONS: Record<string, number>, COMMON_REASONS: ReadonlySet<string> }} */
  const { REASONS, COMMON_REASONS } = await import(`${ROOT}dist/registry/reasons.js`);
  /** @type {{ X509_VERIFY_RESULTS: Record<string, number> }} */
  const { X509_VERIFY_RESULTS } = await import(`${ROOT}dist/registry/verify-results.js`);
  const named = Object.entries(REASONS).filter(([name, code]) => (code < 900 || code >= 999) && !COMMON_REASONS.has(name));
  const lines = [
    "/** Reasons and verification results by OpenSSL's names: the tables of src/registry as constants, made by `npm run names`. */\n",
    ...named.map(([name, code]) => `export const SSL_R_${name} = ${code};`),
    '',
    ...Object.entries(X509_VERIFY_RESULTS).map(([name, code]) => `export const X509_V_${name === 'OK' ? 'OK' : `ERR_${name}`} = ${code};`),
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * @param {string} name
 * @param {string} area
 * @returns {{ state: 'works' | 'refuses' | 'absent', reason?: string }}
 */
function stateOf(name, area) {
  const reasonToRefuse = REFUSALS[name];
  if (typeof exported[name] === 'function')
    return reasonToRefuse === undefined ? { state: 'works' } : { state: 'refuses', reason: reasonToRefuse };
  const reason = ABSENT[name] ?? ABSENT[area];
  if (reason === undefined) problems.push(`${name} is missing, and nothing says why`);
  return { state: 'absent', reason: reason ?? '' };
}

/**
 * The first test that names a function.
 * @param {string} name
 */
function testOf(name) {
  if (Object.hasOwn(REFUSALS, name)) return '`err.test.ts`';
  const word = new RegExp(`\\b${name}\\b`);
  const file = tests.find(({ text }) => word.test(text));
  return file === undefined ? '' : `\`${file.name}\``;
}

/** Tests of the C names, and the programs of examples/port that run as tests. */
function testFiles() {
  return ['src/openssl/', 'examples/port/']
    .filter((folder) => existsSync(ROOT + folder))
    .flatMap((folder) =>
      readdirSync(ROOT + folder)
        .filter((name) => name.endsWith('.test.ts') || folder.startsWith('examples'))
        .sort()
        .map((name) => ({ name, text: readFileSync(ROOT + folder + name, 'utf8') })),
    );
}
