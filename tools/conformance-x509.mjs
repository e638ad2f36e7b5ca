// npm run conformance:x509 -- FILE [--json]: runs an x509-limbo file and says where we agree with it.
// With --json the last line is {"match":n,"mismatch":n,"skip":n,"falseAccepts":n}. Exit code 1 after a false accept, 2 without a file.
// biome-ignore lint/correctness/useImportExtensions: the module is there under this name; biome sees its declarations only
import { readLimbo, runCase } from './limbo.mjs';

const json = process.argv.includes('--json');
const path = process.argv.slice(2).find((argument) => !argument.startsWith('--')) ?? 'test/vectors/x509-limbo/limbo-dev.json.gz';

const total = { match: 0, mismatch: 0, skip: 0, falseAccepts: 0 };
const byNamespace = new Map();

for (const testcase of readable(path)) {
  const { verdict, detail } = runCase(testcase);
  const outcome = verdict === 'skip' ? 'skip' : verdict === testcase.expected_result ? 'match' : 'mismatch';
  for (const tag of [namespaceOf(testcase.id), ...testcase.features.map((feature) => `feature ${feature}`)]) count(tag, outcome);
  total[outcome]++;
  if (outcome === 'match') continue;
  if (verdict === 'SUCCESS') total.falseAccepts++;
  console.log(`${outcome} ${testcase.id}: ${outcome === 'skip' ? '' : `expected ${testcase.expected_result}, got ${verdict}: `}${detail}`);
}

for (const [tag, { match, mismatch, skip }] of [...byNamespace].sort())
  console.log(`${tag}: ${match} match, ${mismatch} mismatch, ${skip} skip`);
console.log(`total: ${total.match} match, ${total.mismatch} mismatch, ${total.skip} skip, ${total.falseAccepts} false accepts`);
if (json) console.log(JSON.stringify(total));
process.exitCode = total.falseAccepts > 0 ? 1 : 0;

/**
 * The cases of a file, or an end with a word about why there are none.
 * @param {string} path
 */
function readable(path) {
  try {
    return readLimbo(path);
  } catch (error) {
    console.error(`${path}: ${error instanceof Error ? error.message : error}`);
    return process.exit(2);
  }
}

/**
 * @param {string} tag
 * @param {'match' | 'mismatch' | 'skip'} outcome
 */
function count(tag, outcome) {
  const counts = byNamespace.get(tag) ?? { match: 0, mismatch: 0, skip: 0 };
  counts[outcome]++;
  byNamespace.set(tag, counts);
}

/** @param {string} id */
function namespaceOf(id) {
  return id
    .split('::')
    .slice(0, id.startsWith('bettertls') ? 2 : 1)
    .join('::');
}
