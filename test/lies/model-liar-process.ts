// docs/models.md#devnet-lie: an executor that changes the label of one answer of a provable model, as a process of a devnet.
import { readFileSync } from 'node:fs';
import { createLies } from '../../demo/liar.ts';
import { parseExecutorConfig } from '../../prover/config.ts';
import { startExecutor } from '../../prover/main.ts';
import { runService } from '../../service/process/process.ts';
import { withOtherLabel } from './other-label.ts';

const [, file] = process.argv.slice(2);
const config = parseExecutorConfig(JSON.parse(readFileSync(file as string, 'utf8')));
const lies = createLies(config.kernelPath, { stage: 'model', change: withOtherLabel, begins: 'inside' });
process.exitCode = await runService(() => startExecutor(config, lies));
