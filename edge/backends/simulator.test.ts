import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import wabt from 'wabt';
import { simulatorConfig } from '../config.ts';
import type { ChatRequest } from './backend.ts';
import { createSimulatorBackends } from './simulator.ts';

// The first program writes what it reads; the second one never ends.
const ECHO = `(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 64))
    (i32.store (i32.const 4) (i32.const 4096))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (i32.store (i32.const 4) (i32.load (i32.const 8)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)))))`;
const LOOP = '(module (memory (export "memory") 1) (func (export "_start") (loop $again (br $again))))';

const REQUEST: ChatRequest = { messages: [{ role: 'user', content: 'grüße' }] };

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mizu-simulator-'));
  const { parseWat } = await wabt();
  for (const [name, wat] of Object.entries({ echo: ECHO, loop: LOOP })) {
    writeFileSync(join(folder, `${name}.wasm`), parseWat(`${name}.wat`, wat).toBinary({}).buffer);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function ask(module: string, signal = new AbortController().signal) {
  const config = { kind: 'simulator', name: 'sim/x', module: join(folder, module), gasLimit: 1_000_000 };
  const { backends, close } = await createSimulatorBackends(simulatorConfig.parse(config));
  try {
    return await backends[0]!.complete(REQUEST, signal);
  } finally {
    await close();
  }
}

describe('a WASI program as a simulator', () => {
  test('gets the request and gives the content', async () => {
    expect(await ask('echo.wasm')).toEqual({
      content: JSON.stringify(REQUEST),
      finishReason: 'stop',
      usage: { promptTokens: 13, completionTokens: 13 },
    });
  });

  test('that never ends is out of gas, for every worker', async () => {
    await expect(ask('loop.wasm')).rejects.toMatchObject({ code: 'edge/simulator-failed', retryable: false });
  });

  test('that is not there is refused', async () => {
    await expect(ask('none.wasm')).rejects.toMatchObject({ code: 'edge/no-simulator' });
  });
});
