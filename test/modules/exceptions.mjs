// What cannot go well on a runtime by no fault of ours. Each of these cases is run all the same: one that passes has to leave the list.

/**
 * @typedef {object} Exception
 * @property {string} runtime
 * @property {string[]} cases modules, each with the way it is taken
 * @property {string} topic
 * @property {string} why the fact
 */

/** @type {Exception[]} */
const EXCEPTIONS = [
  {
    runtime: 'deno',
    cases: ['https option', 'fastify option', 'undici option', 'undici register'],
    topic: 'kept alive',
    why: "a server of Deno's node:http that is given a connection by 'connection' closes it after one answer, a net.Socket too",
  },
  {
    runtime: 'deno',
    cases: ['http2 register'],
    topic: 'server killed',
    why: "a stream of Deno's node:http2 whose connection is lost closes without an error, over Deno's own node:tls too",
  },
];

/**
 * A result with what is known of its runtime: a failure that was to come is a skip, and a success that was not a failure.
 * @template {{ module: string, way: string, topic: string, outcome: string, why?: string }} Result
 * @param {string | undefined} runtime
 * @param {Result} result
 * @returns {Result}
 */
export function judged(runtime, result) {
  const { module, way, topic, outcome } = result;
  const known = EXCEPTIONS.find((one) => one.runtime === runtime && one.cases.includes(`${module} ${way}`) && one.topic === topic);
  if (known === undefined) return result;
  return outcome === 'failed'
    ? { ...result, outcome: 'skipped', why: known.why }
    : { ...result, outcome: 'failed', why: `goes well on ${runtime} now: test/modules/exceptions.mjs says otherwise` };
}
