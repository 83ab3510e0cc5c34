#!/usr/bin/env node
// The `mizu` command: hands over to the command line in sdk/cli, which is TypeScript (CONTRIBUTING.md#starts).
import { fileURLToPath } from 'node:url';
import { bundleOf } from '../scripts/bundle.mjs';
import { mapUncaught } from '../service/stacks.mjs';

const source = new URL('../sdk/cli/main.ts', import.meta.url);
const bundle = await bundleOf(fileURLToPath(source));
if (bundle === undefined) await import('../scripts/ts.mjs');
else mapUncaught();
const { main } = await import(bundle ?? source.href);
process.exitCode = await main(process.argv.slice(2));
