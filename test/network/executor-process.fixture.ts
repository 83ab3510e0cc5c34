// The executor as a process of its own, from a configuration file: what `mizu executor --config` does.
import { readFileSync } from 'node:fs';
import { parseExecutorConfig } from '../../prover/config.ts';
import { startExecutor } from '../../prover/main.ts';
import { runService } from '../../service/process/process.ts';

const config = parseExecutorConfig(JSON.parse(readFileSync(process.argv[2] as string, 'utf8')));
process.exitCode = await runService(() => startExecutor(config));
