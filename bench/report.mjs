// The results as a table, as a picture, and as ratios to be held.
import { median } from './measure.mjs';

/** @typedef {{ name: string, unit: string, less?: boolean, sides: Record<string, { wall: number[], cpu: number[] }> }} Result */

/** How often libssl is as good as a side: by the clock or by CPU time; undefined where either did not run. @param {Result} result */
export function ratio({ sides, less }, kind, other = 'node:tls') {
  const [mine, theirs] = [sides.libssl, sides[other]];
  if (mine === undefined || theirs === undefined) return undefined;
  const value = median(mine[kind]) / median(theirs[kind]);
  return less ? 1 / value : value;
}

/** Lines of cells, the first of them the heading. @param {Result[]} results */
export function table(results) {
  const heading = ['', 'side', 'by the clock (least–most)', 'per CPU second', 'libssl is … of it', 'per CPU second'];
  const lines = results.flatMap(({ name, unit, sides, less }) =>
    Object.entries(sides).map(([side, { wall, cpu }], index) => {
      const times = (kind) => (side === 'libssl' ? '' : `${(ratio({ sides, less }, kind, side) ?? 0).toFixed(2)}×`);
      return [
        index === 0 ? name : '',
        side,
        spread(wall, unit),
        less ? '' : amount(median(cpu), unit),
        times('wall'),
        less ? '' : times('cpu'),
      ];
    }),
  );
  return [heading, ...lines];
}

export function plain(lines) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines
    .map((line) =>
      line
        .map((text, column) => (column < 2 ? text.padEnd(widths[column]) : text.padStart(widths[column])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export const markdown = ([heading, ...lines]) =>
  [heading, heading.map((_, i) => (i === 0 ? '---' : '---:')), ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n');

/** The short table of a README: one line a row, libssl beside node:tls. @param {Result[]} results */
export function summary(results) {
  const rows = results.filter(({ sides }) => sides.libssl !== undefined && sides['node:tls'] !== undefined);
  return [
    ['', 'libssl', 'node:tls', 'ratio', 'ratio per CPU second'],
    ...rows.map((result) => {
      const { name, unit, sides, less } = result;
      const show = (side) => amount(median(sides[side].wall), unit);
      return [name, show('libssl'), show('node:tls'), fixed(ratio(result, 'wall')), less ? '' : fixed(ratio(result, 'cpu'))];
    }),
  ];
}

const fixed = (value) => value?.toFixed(2) ?? '';

function amount(value, unit) {
  if (unit === '/s') return `${Math.round(value).toLocaleString('en')}/s`;
  return `${value.toFixed(value < 10 ? 2 : 1)} ${unit}`;
}

const spread = (values, unit) =>
  `${amount(median(values), unit)} (${amount(Math.min(...values), unit)}–${amount(Math.max(...values), unit)})`;

/** What the regression guard keeps: ratios to node:tls and to the bare primitives, never times. @param {Result[]} results */
export function ratiosOf(results) {
  const out = {};
  for (const result of results) {
    for (const other of ['node:tls', 'primitives']) {
      const value = ratio(result, result.less ? 'wall' : 'cpu', other);
      if (value !== undefined) out[`${result.name} / ${other}`] = Number(value.toFixed(3));
    }
  }
  return out;
}

/** How far a ratio may fall below the stored one. */
export const TOLERANCE = 0.15;

/** Rows that fell. Rows that are stored and were not measured count for nothing. */
export const fallen = (now, stored) =>
  Object.entries(now)
    .filter(([name, value]) => stored[name] !== undefined && value < stored[name] * (1 - TOLERANCE))
    .map(([name, value]) => `${name}: ${value.toFixed(2)}, was ${stored[name].toFixed(2)}`);

/** Bars of the ratios to node:tls per CPU second, for light and for dark pages. @param {Result[]} results */
export function chart(results, caption) {
  const rows = results
    .map((result) => ({ name: result.name, value: ratio(result, result.less ? 'wall' : 'cpu') }))
    .filter(({ value }) => value !== undefined);
  const most = Math.max(1.5, ...rows.map(({ value }) => Math.min(value, 4)));
  const [left, width, line, top] = [400, 460, 24, 56];
  const x = (value) => left + (Math.min(value, most) / most) * width;
  const bars = rows.map(({ name, value }, i) => {
    const y = top + i * line;
    return `  <text class="name" x="${left - 10}" y="${y + 13}">${escaped(name)}</text>
  <rect class="${value >= 1 ? 'more' : 'less'}" x="${left}" y="${y}" width="${(x(value) - left).toFixed(1)}" height="16" rx="2"/>
  <text class="value" x="${(x(value) + 6).toFixed(1)}" y="${y + 13}">${value.toFixed(2)}</text>`;
  });
  const bottom = top + rows.length * line;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left + width + 60} ${bottom + 30}" role="img" aria-label="libssl beside node:tls">
  <style>
    text { font: 13px system-ui, sans-serif; fill: #24292f; }
    .title { font-weight: 600; } .note { font-size: 11px; } .name { text-anchor: end; }
    .more { fill: #1a7f37; } .less { fill: #9a6700; } .one { stroke: #24292f; stroke-dasharray: 3 3; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; } .more { fill: #3fb950; } .less { fill: #d29922; } .one { stroke: #e6edf3; }
    }
  </style>
  <text class="title" x="10" y="20">libssl beside node:tls: how much a CPU second does (1 is as much, further right is better)</text>
  <text class="note" x="10" y="38">${escaped(caption)}</text>
${bars.join('\n')}
  <line class="one" x1="${x(1).toFixed(1)}" y1="${top - 6}" x2="${x(1).toFixed(1)}" y2="${bottom}"/>
  <text class="note" x="${x(1).toFixed(1)}" y="${bottom + 16}" text-anchor="middle">node:tls</text>
</svg>
`;
}

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
