// Runs the ported programs, one after another: each ends by itself and says OK.
import { spawnSync } from 'node:child_process';

const PROGRAMS = ['client-mem.mjs', 'server-pair.mjs', 'client-resume.mjs'];

const failed = PROGRAMS.filter((name) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [new URL(name, import.meta.url).pathname], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  const good = status === 0 && stdout.trimEnd().endsWith('OK');
  console.log(good ? stdout.trimEnd() : `${name} failed (${status})\n${stdout}${stderr}`);
  return !good;
});
process.exitCode = failed.length > 0 ? 1 : 0;
