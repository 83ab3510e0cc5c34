// docs/disputes.md#see: an executor that lies once, as a process. Only a devnet with a liar starts it; `mizu` has no
// command for it.
import { readFileSync } from 'node:fs';
import { parseExecutorConfig } from '../prover/config.ts';
import { startExecutor } from '../prover/main.ts';
import { runService } from '../service/process/process.ts';
import { createLies } from './liar.ts';

const [flag, file] = process.argv.slice(2);
if (flag !== '--config' || file === undefined) throw new Error('--config FILE is missing');
const config = parseExecutorConfig(JSON.parse(readFileSync(file, 'utf8')));
process.exitCode = await runService(() => startExecutor(config, createLies(config.kernelPath)));
