// One module, taken in one way, in a process of its own: prints a line of JSON for each case.
import { writeSync } from 'node:fs';

const SECONDS = 60;
const { name, way, server, pki } = JSON.parse(process.env['LIBSSL_MODULE']);
const say = (line) => writeSync(1, `${JSON.stringify(line)}\n`);

if (way === 'register') await import('../../dist/node/register.js');
const { cases } = await import(`./cases/${name}.mjs`);

process.on('uncaughtException', (error) => {
  say({ stray: error.stack });
  process.exitCode = 1;
});
process.on('unhandledRejection', (error) => {
  say({ stray: error?.stack ?? String(error) });
  process.exitCode = 1;
});

const kill = () => process.kill(server.pid, server.signal);
for (const { topic, run } of cases({ way, server, pki, kill })) {
  const started = performance.now();
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${SECONDS} s`)), 1000 * SECONDS);
  });
  try {
    await Promise.race([run(), late]);
    say({ topic, outcome: 'passed', milliseconds: Math.round(performance.now() - started) });
  } catch (error) {
    say({ topic, outcome: 'failed', why: error.stack, milliseconds: Math.round(performance.now() - started) });
  } finally {
    clearTimeout(timer);
  }
}
say({ done: true });
process.exit();
