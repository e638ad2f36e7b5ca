// What was seen, as the table of docs/modules.md: modules down, topics across.
import { TOPICS } from './modules.mjs';

const MARKS = { passed: 'yes', failed: '**no**' };

/**
 * @param {import('./modules.mjs').Module[]} modules
 * @param {{ module: string, way: string, topic: string, outcome: string }[]} results
 */
export function tableOf(modules, results) {
  const rows = modules.flatMap(({ name, option }) =>
    [...(option === undefined ? [] : ['option']), 'register'].map((way) => {
      const own = results.filter((one) => one.module === name && one.way === way);
      const others = own.filter(({ topic }) => !TOPICS.includes(topic)).map(({ topic, outcome }) => `${topic}: ${MARKS[outcome] ?? '–'}`);
      const cells = TOPICS.map((topic) => MARKS[own.find((one) => one.topic === topic)?.outcome] ?? '–');
      return [`\`${name}\``, way === 'option' ? 'its option' : 'register', ...cells, others.join(', ')];
    }),
  );
  return markdown([['module', 'taken by', ...TOPICS, 'also'], ...rows]);
}

/**
 * How modules take connections by an option of their own.
 * @param {import('./modules.mjs').Module[]} modules
 */
export const optionsOf = (modules) =>
  markdown([['module', 'option'], ...modules.flatMap(({ name, option }) => (option === undefined ? [] : [[`\`${name}\``, option]]))]);

const markdown = ([head, ...rows]) => [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

/** A document with a new text between the two marks of a name. */
export function inDocument(document, name, text) {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [before, rest] = document.split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`docs/modules.md has no ${begin} and ${end}`);
  return `${before}${begin}\n${text}\n${end}${after}`;
}
