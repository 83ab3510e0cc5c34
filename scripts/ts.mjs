// Registers the TypeScript load hook: `node --import ./scripts/ts.mjs file.ts`.
import { register } from 'node:module';
import { mapUncaught } from '../service/stacks.mjs';

register('./ts-loader.mjs', import.meta.url);
mapUncaught();
