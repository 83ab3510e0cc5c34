// The kernel in the engines that its tests use.
import { readFileSync } from 'node:fs';
import { buildKernel } from './build.mjs';
import { createDirectEngine } from './direct.fixture.ts';

export const directEngine = createDirectEngine(readFileSync(buildKernel()));
