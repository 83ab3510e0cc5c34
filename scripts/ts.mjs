// Registers the TypeScript load hook: `node --import ./scripts/ts.mjs file.ts`.
import { register } from 'node:module';

register('./ts-loader.mjs', import.meta.url);
process.setSourceMapsEnabled(true);
