import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['node_modules/**', 'build/**'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    setupFiles: ['test/end-with-vitest.ts'],
    // Colours are on where CI is set, whatever the output is.
    env: { NO_COLOR: '1' },
    pool: 'forks',
    maxWorkers: 2,
  },
});
