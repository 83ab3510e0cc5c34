#!/usr/bin/env node
// The `mizu` command: registers the TypeScript loader, then hands over to the command line in sdk/cli.
import '../scripts/ts.mjs';

const { main } = await import('../sdk/cli/main.ts');
process.exitCode = await main(process.argv.slice(2));
