// Registers the TypeScript load hook: `node --import ./scripts/ts.mjs file.ts`.
import { register } from 'node:module';
import { mapUncaught } from '../service/process/stacks.mjs';

register('./ts-loader.mjs', import.meta.url);
mapUncaught();
