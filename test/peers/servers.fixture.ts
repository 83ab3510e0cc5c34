// docs/court.md#class-b-tests: model servers as processes, each with an engine and a model file of its own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { killChild, startChild } from '../../service/process/child.ts';
import type { ModelEngine } from './engine.ts';
import { encodeTinyLlama, type TinyLlama } from './tiny-llama.ts';

export type ModelServer = {
  /** Ends with /v1. */
  readonly url: string;
  close(): Promise<void>;
};

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SERVE = fileURLToPath(new URL('./serve.ts', import.meta.url));
const MARK = /^serves (\S+)$/m;
const SHOWN = 2_000;

/** @throws Error with what it has printed if it ends before it serves */
export async function startModelServer(engine: ModelEngine, model: TinyLlama): Promise<ModelServer> {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-model-'));
  const file = join(folder, 'model.gguf');
  writeFileSync(file, encodeTinyLlama(model));
  const child = startChild('node', ['--import', './scripts/ts.mjs', SERVE, engine, file], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const close = async () => {
    killChild(child);
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  let printed = '';
  const url = await new Promise<string | undefined>((resolve) => {
    child.stderr.on('data', (part: Buffer) => (printed = (printed + part).slice(-SHOWN)));
    child.stdout.on('data', (part: Buffer) => {
      printed = (printed + part).slice(-SHOWN);
      const [, found] = MARK.exec(printed) ?? [];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => resolve(undefined));
  });
  if (url !== undefined) return { url, close };
  await close();
  throw new Error(`the model server with ${engine} has ended:\n${printed}`);
}
