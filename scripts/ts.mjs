// Registers the TypeScript load hook: `node --import ./scripts/ts.mjs file.ts`.
import { register } from 'node:module';
import { mapUncaught } from '../service/process/stacks.mjs';

// Node.js 26 says that register is deprecated, in each process and thread. What is to follow it is synchronous, in which no bundle can be
// built, and Node.js 20 has none of it. Other deprecations are shown.
const { noDeprecation } = process;
process.noDeprecation = true;
register('./ts-loader.mjs', import.meta.url);
process.noDeprecation = noDeprecation;
mapUncaught();
