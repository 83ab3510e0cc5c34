// Registers the TypeScript load hook: `node --import ./scripts/ts.mjs file.ts`.
import { register } from 'node:module';
import { mapUncaught } from '../service/process/stacks.mjs';

// Node.js 26 reports `register` as deprecated, in each process and thread. Its successor is synchronous, so no bundle
// could be built in it, and Node.js 20 does not have it. Other deprecations are shown.
const { noDeprecation } = process;
process.noDeprecation = true;
register('./ts-loader.mjs', import.meta.url);
process.noDeprecation = noDeprecation;
mapUncaught();
