// Writes docs/settings.md: every setting there is. `--write` writes it; without, it is compared.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { ROOT } from './source-aliases.mjs';

const FILE = `${ROOT}docs/settings.md`;
/** @typedef {{ scope: string, initial: () => any, ofCert?: true, copy?: unknown, openssl: string[], summary: string }} Row */
/** @type {{ SETTINGS: Record<string, Row>, SETTING_NAMES: string[] }} */
const { SETTINGS, SETTING_NAMES } = await import(`${ROOT}dist/config/settings.js`);
const { OPTIONS, MODES } = await import(`${ROOT}dist/registry/options.js`);

/**
 * @param {string} name
 * @returns {Row}
 */
const rowOf = (name) => /** @type {Row} */ (SETTINGS[name]);

/** @param {string} text */
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
/**
 * @param {number} value
 * @param {Record<string, number>} known
 */
const bits = (value, known) =>
  Object.entries(known)
    .filter(([, bit]) => bit !== 0 && (value & bit) >>> 0 === bit)
    .map(([name]) => name)
    .join(', ') || 'none';

/** @param {string} name */
function initialOf(name) {
  const value = rowOf(name).initial();
  if (name === 'options') return bits(value, OPTIONS);
  if (name === 'mode') return bits(value, MODES);
  if (value === undefined) return 'none';
  if (value instanceof Uint8Array) return value.length === 0 ? 'empty' : `${value.length} bytes`;
  if (Array.isArray(value))
    return value.length === 0
      ? 'empty'
      : value.map((item) => (typeof item === 'number' ? `0x${item.toString(16).padStart(4, '0')}` : String(item))).join(' ');
  if (typeof value === 'object') return 'empty';
  if (name.endsWith('ProtoVersion') && value !== 0) return `0x${value.toString(16).padStart(4, '0')}`;
  return String(value);
}

const lines = SETTING_NAMES.map((name) => {
  const { scope, ofCert, copy, openssl, summary } = rowOf(name);
  const notes = [ofCert && 'moves with SSL_set_SSL_CTX', copy && 'copied in depth'].filter(Boolean).join('; ');
  return `| \`${name}\` | ${cell(summary)} | ${scope} | ${cell(initialOf(name))} | ${openssl.map((one) => `\`${one}\``).join(' ')} | ${notes} |`;
});

const text = `# Settings

Every setting of a context or a connection. This page is made by \`npm run settings\` from \`src/config/settings.ts\`, the one table that
constructors, \`set\`, \`SSL_new\`, \`SSL_dup\`, \`SSL_clear\` and the test that visits every row loop over; a check fails when it is not
current.

\`new SslContext({ name: value })\`, \`context.set(name, value)\` and \`ssl.set(name, value)\` take them; \`get(name)\` reads them. A value out of
range throws an \`SslUsageError\` and the old one stays.

How a connection comes by a value:

- **snapshot**: it takes what its context has when it is made; later changes of the context do not reach it.
- **lookup**: until it has one of its own, its context is asked each time.
- **context**: only the context has it, and it is asked each time.
- **session**: the same, of the context the connection was made from, whichever it moved to since.
- **connection**: only connections have it.

A duplicate (\`SSL_dup\`) gets the value that its source has, and is independent from then on; \`SSL_clear\` keeps it. ${SETTING_NAMES.length} settings:

| setting | meaning | scope | default | OpenSSL | |
| --- | --- | --- | --- | --- | --- |
${lines.join('\n')}
`;

if (process.argv.includes('--write')) writeFileSync(FILE, text);
else if (!existsSync(FILE) || readFileSync(FILE, 'utf8') !== text) {
  console.error('docs/settings.md is not current: npm run settings');
  process.exitCode = 1;
}
