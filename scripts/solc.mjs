#!/usr/bin/env node
// Serves forge as a solc, from the npm package: forge asks a compiler only for its version and for standard JSON.
import { readFileSync, writeSync } from 'node:fs';
import solc from 'solc';

function write(text) {
  const bytes = Buffer.from(text);
  for (let offset = 0; offset < bytes.length; ) offset += writeSync(1, bytes, offset);
}

if (process.argv.includes('--version')) {
  write(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`);
} else if (process.argv.includes('--standard-json')) {
  write(solc.compile(readFileSync(0, 'utf8')));
} else {
  console.error(`expected --version or --standard-json, got: ${process.argv.slice(2).join(' ') || 'nothing'}`);
  process.exitCode = 1;
}
