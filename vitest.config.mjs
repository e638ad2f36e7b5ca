import { defineConfig } from 'vitest/config';
import { SOURCE_ALIASES } from './tools/source-aliases.mjs';
import { EXCLUDED, INCLUDED } from './tools/test-files.mjs';

export default defineConfig({
  resolve: { alias: SOURCE_ALIASES.map(({ name, path }) => ({ find: new RegExp(`^${name}$`), replacement: path })) },
  test: {
    include: INCLUDED,
    exclude: EXCLUDED,
    passWithNoTests: true,
    reporters: ['default', './tools/count-reporter.mjs'],
  },
});
