// The result of a run as a table: topics down, peers across.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const BEGIN = '<!-- interop -->';
const END = '<!-- /interop -->';

/** @typedef {{ peer: string, ours: string, topic: string, title: string, outcome: 'passed' | 'failed' | 'skipped', why?: string, seconds: number }} Result */

const columnOf = ({ peer, ours }) => `${peer} ${ours === 'client' ? 'server' : 'client'}`;

/** @param {Result[]} results */
export function table(results) {
  const columns = [...new Set(results.map(columnOf))];
  const topics = [...new Set(results.map(({ topic }) => topic))];
  const rows = topics.map((topic) => [
    topic,
    ...columns.map((column) => cell(results.filter((one) => one.topic === topic && columnOf(one) === column))),
  ]);
  return [['', ...columns], ...rows];
}

/** What ran, and beside it what failed and what the peer cannot do. */
function cell(results) {
  const count = (outcome) => results.filter((one) => one.outcome === outcome).length;
  const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map(count);
  if (results.length === 0) return '';
  return [failed > 0 ? `${passed} of ${passed + failed}` : `${passed}`, ...(skipped > 0 ? [`(${skipped} skipped)`] : [])].join(' ');
}

export function plain(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) => row.map((text, column) => (column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column]))).join('  '))
    .join('\n');
}

const markdown = (rows) =>
  [rows[0], rows[0].map((_, i) => (i === 0 ? '---' : '---:')), ...rows.slice(1)].map((row) => `| ${row.join(' | ')} |`).join('\n');

/** The facts behind what was skipped, each with the cases it stands for. */
export function facts(results) {
  const skipped = results.filter(({ outcome }) => outcome === 'skipped');
  return [...new Set(skipped.map(({ why }) => why))].map((why) => `${skipped.filter((one) => one.why === why).length} skipped: ${why}`);
}

/** Puts the table between its markers in the README. */
export function writeReadme(path, results, versions) {
  const page = existsSync(path) ? readFileSync(path, 'utf8') : `${BEGIN}\n${END}\n`;
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  const body = [versions, markdown(table(results)), ...facts(results).map((fact) => `- ${fact}.`)]
    .join('\n\n')
    .replaceAll('.\n\n- ', '.\n- ');
  const block = `${BEGIN}\n\n${body}\n\n${END}`;
  writeFileSync(
    path,
    begin >= 0 && end > begin ? page.slice(0, begin) + block + page.slice(end + END.length) : `${page.trimEnd()}\n\n${block}\n`,
  );
}
