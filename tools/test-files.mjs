// Which test files there are. `npm test` runs them all; `npm run runtimes` runs the portable ones on every runtime.
import { existsSync, readdirSync } from 'node:fs';
import { ROOT } from './source-aliases.mjs';

const FOLDERS = ['src', 'test'];

/** Tests that talk to programs from elsewhere have their own commands. */
const WITH_PEERS = ['test/interop/', 'test/bogo/'];

/** The name of a test of what Node alone has, or that uses Vitest beyond describe, it, expect and the four hooks. */
const NODE_ONLY = '.node.test.ts';

export const INCLUDED = FOLDERS.map((folder) => `${folder}/**/*.test.ts`);
export const EXCLUDED = WITH_PEERS.map((folder) => `${folder}**`);

/** The test files that run everywhere, as paths from the root, in order. */
export const portableTests = () =>
  FOLDERS.filter((folder) => existsSync(ROOT + folder))
    .flatMap((folder) => readdirSync(ROOT + folder, { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`))
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.test.ts') && !path.endsWith(NODE_ONLY) && !WITH_PEERS.some((folder) => path.startsWith(folder)))
    .sort();
