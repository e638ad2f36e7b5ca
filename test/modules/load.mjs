// The packages lie with the examples, which have a lock file of their own.
import { createRequire } from 'node:module';

/** @type {NodeJS.Require} */
export const load = createRequire(new URL('../../examples/modules/package.json', import.meta.url));
