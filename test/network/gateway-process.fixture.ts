// The gateway as a process of its own, from a configuration file: what `mizu gateway --config` does.
import { readFileSync } from 'node:fs';
import { startGateway } from '../../edge/main.ts';
import { runService } from '../../service/process/process.ts';

const { gateway } = JSON.parse(readFileSync(process.argv[2] as string, 'utf8'));
process.exitCode = await runService((signal) => startGateway(gateway, { signal }));
