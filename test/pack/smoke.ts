// docs/sdk.md#package: `npm run smoke`, what a user begins with on each supported line of Node.js: the install, the demo and the package's test.
import { startChild } from '../../service/process/child.ts';
import { createStranger } from './install.fixture.ts';
import { installNode, NODE_LINES } from './nodes.fixture.ts';

const STEPS = [
  ['install', ['scripts/install.mjs']],
  ['version', ['bin/mizu.mjs', '--version']],
  ['demo', ['bin/mizu.mjs', 'demo', '--every', '100']],
  ['package', ['node_modules/vitest/vitest.mjs', 'run', 'test/pack/pack.test.ts']],
] as const;

const stranger = createStranger();
try {
  for (const line of NODE_LINES) {
    const node = await installNode(stranger, line);
    if (node === undefined) {
      console.log(`skipped  Node.js ${line}: npm serves none for ${process.platform} ${process.arch}`);
      continue;
    }
    for (const [name, args] of STEPS) {
      const code = await exitCode(node, args);
      console.log(`${code === 0 ? 'ok  ' : 'FAIL'}  Node.js ${line}: ${name}`);
      if (code !== 0) process.exitCode = 1;
    }
  }
} finally {
  stranger.remove();
}

function exitCode(node: string, args: readonly string[]): Promise<number | null> {
  const child = startChild(node, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
}
