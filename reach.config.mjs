import base from './vitest.config.mjs';
export default { ...base, test: { ...base.test, setupFiles: ['/tmp/reach/setup.ts'], reporters: ['dot'] } };
