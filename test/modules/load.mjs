// The packages lie with the examples, which have a lock file of their own.
import { createRequire } from 'node:module';
import { isAbsolute } from 'node:path';

const require = createRequire(new URL('../../examples/modules/package.json', import.meta.url));

/** A package itself: Bun answers the names of undici and ws with modules of its own, but not their files. */
export const load = (name) => require(isAbsolute(require.resolve(name)) ? name : `./node_modules/${name}/index.js`);
