import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['node_modules/**', 'build/**'],
    // A last net, the same for all: no verdict depends on the machine's speed.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    setupFiles: ['test/end-with-vitest.ts'],
    // Colours are on where CI is set, whatever the output is.
    env: { NO_COLOR: '1' },
    pool: 'forks',
    maxWorkers: 2,
  },
});
