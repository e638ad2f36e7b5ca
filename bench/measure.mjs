// Rates of two sides in interleaved rounds: by the clock, and by the time all threads of the process spent.

/**
 * So much CPU time at least one measurement takes, and so much at most goes into warming a side up, in milliseconds: the compiler has
 * finished with a handshake, which is ten thousand lines, only after some thousand of them.
 */
export const THOROUGH = { least: 250, warmUp: 12_000 };
export const QUICK = { least: 100, warmUp: 3000 };

/** @typedef {(count: number) => Promise<unknown>} Work does something `count` times */

/**
 * Measures each side in every round, by turns in changing order, so that a slow minute of the machine meets all of them.
 * @param {{ sides: Record<string, Work>, batch: number, per: number }[]} rows `batch`: how often between two looks at the clock; `per`: units of one time
 * @returns {Promise<Record<string, { wall: number[], cpu: number[] }>[]>} units per second, a number for each round
 */
export async function measure(rows, rounds, tell = (_line) => undefined, { least, warmUp } = THOROUGH) {
  const results = rows.map(({ sides }) => Object.fromEntries(Object.keys(sides).map((name) => [name, { wall: [], cpu: [] }])));
  for (const [index, { sides, batch }] of rows.entries()) {
    for (const work of Object.values(sides)) await warm(work, batch, warmUp);
    tell(`warm: ${index + 1} of ${rows.length}`);
  }
  for (let round = 0; round < rounds; round++) {
    for (const [index, { sides, batch, per }] of rows.entries()) {
      const names = Object.keys(sides);
      if (round % 2 === 0) names.reverse();
      for (const name of names) {
        const { wall, cpu } = await rate(sides[name], batch, least);
        results[index][name].wall.push(wall * per);
        results[index][name].cpu.push(cpu * per);
      }
    }
    tell(`round ${round + 1} of ${rounds}`);
  }
  return results;
}

/** Work does not count until it no longer gets quicker: three looks in a row that were no better by a twentieth than the best before them. */
export async function warm(work, batch, most) {
  const look = Math.min(250, most / 6);
  let best = 0;
  let since = 0;
  for (let spent = 0; spent < most && since < 3; spent += look) {
    const { cpu } = await rate(work, batch, look);
    since = cpu > 1.05 * best ? 0 : since + 1;
    best = Math.max(best, cpu);
  }
}

/** Times a second. It goes on until so much CPU time was spent: on a busy machine the clock runs while others work. */
async function rate(work, batch, least) {
  let times = 0;
  const cpuBefore = process.cpuUsage();
  const before = performance.now();
  let spent = 0;
  while (spent < 1e3 * least) {
    await work(batch);
    times += batch;
    // Native objects are let go of only when the event loop turns.
    await new Promise(setImmediate);
    const { user, system } = process.cpuUsage(cpuBefore);
    spent = user + system;
  }
  return { wall: (times / (performance.now() - before)) * 1e3, cpu: (times / spent) * 1e6 };
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
