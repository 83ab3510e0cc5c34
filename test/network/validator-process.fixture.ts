// The validator as a process of its own, from a configuration file: what `mizu validator --config` does.
import { readFileSync } from 'node:fs';
import { parseValidatorConfig } from '../../challenger/config.ts';
import { startValidator } from '../../challenger/main.ts';
import { runService } from '../../service/process/process.ts';

const config = parseValidatorConfig(JSON.parse(readFileSync(process.argv[2] as string, 'utf8')));
process.exitCode = await runService(() => startValidator(config));
