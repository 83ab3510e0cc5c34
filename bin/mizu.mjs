#!/usr/bin/env node
// The `mizu` command: hands over to bin/main.ts, which is TypeScript (CONTRIBUTING.md#starts).
import { fileURLToPath } from 'node:url';
import { bundleOf } from '../scripts/bundle.mjs';
import { mapUncaught } from '../service/process/stacks.mjs';

const source = new URL('./main.ts', import.meta.url);
const bundle = await bundleOf(fileURLToPath(source));
if (bundle === undefined) await import('../scripts/ts.mjs');
else mapUncaught();
const { main } = await import(bundle ?? source.href);
process.exitCode = await main(process.argv.slice(2));
