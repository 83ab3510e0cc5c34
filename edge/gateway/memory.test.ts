import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BenchProcess, startPart } from '../../bench/edge/spawn.ts';
import type { Hex } from '../../protocol/hex.ts';
import { requestBytes } from '../../service/http/client.ts';
import { startLoopbackSequencer } from '../../test/doubles/loopback-sequencer.ts';
import { createInvitation } from '../invitation.ts';
import { encodeRequests } from '../rows.ts';
import { createSigner } from '../signing.ts';
import { createMemory } from './memory.ts';
import type { Holder } from './shares.ts';

const holderOf = (owner: string, run: number): Holder => ({
  owner: `0x${owner.repeat(40)}`,
  run: `0x${run.toString(16).padStart(64, owner)}`,
});
const [A, A2, B] = [holderOf('a', 1), holderOf('a', 2), holderOf('b', 3)];

describe('memory', () => {
  test('is reserved up to its bound; an owner that holds something leaves a quarter to others, however many its runs', () => {
    const memory = createMemory({ bytes: 100, tasks: 8 });
    expect(memory.reserve('a0', A, 60)).toBe(true);
    expect(memory.reserve('a1', A2, 20)).toBe(false);
    expect(memory.reserve('a1', A2, 15)).toBe(true);
    expect(memory.reserve('b0', B, 26)).toBe(false);
    expect(memory.reserve('b0', B, 25)).toBe(true);
    memory.shrink('a0', 10);
    memory.shrink('a0', 50);
    expect([memory.held(), memory.heldBy(A.owner), memory.heldBy(B.owner)]).toEqual([50, 25, 25]);
    memory.release('a0');
    memory.release('a0');
    expect([memory.held(), memory.heldBy(A.owner)]).toEqual([40, 15]);
  });

  test('an owner of a thousand runs comes after one who holds less, and its own runs by turns', () => {
    const memory = createMemory({ bytes: 100_000, tasks: 10_000 });
    const many = Array.from({ length: 1_000 }, (_, run) => holderOf('a', run));
    for (const [i, holder] of many.entries()) if (i % 2 === 0) memory.reserve(`a${i}`, holder, 10);
    memory.reserve('b0', B, 60);
    const order = [...many, B].sort(memory.compare);
    expect(order[0]).toEqual(B);
    expect(order.slice(1, 501).every(({ run }) => memory.heldBy(run) === 0)).toBe(true);
  });

  test('has places too', () => {
    const memory = createMemory({ bytes: 100, tasks: 4 });
    expect([0, 1, 2, 3].map((i) => memory.reserve(`a${i}`, i % 2 === 0 ? A : A2, 1))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(memory.reserve('b0', B, 1)).toBe(true);
    expect(memory.reserve('c0', holderOf('c', 4), 1)).toBe(false);
  });

  test('holds what its tasks hold, and never more than its bound', () => {
    const step = fc.record({
      act: fc.constantFrom('reserve', 'shrink', 'release'),
      task: fc.nat(9),
      bytes: fc.nat(60),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const memory = createMemory({ bytes: 100, tasks: 6 });
        const tasks = new Map<number, number>();
        for (const { act, task, bytes } of steps) {
          if (act === 'reserve' && memory.reserve(`${task}`, holderOf(`${task % 3}`, task % 4), bytes))
            tasks.set(task, bytes);
          if (act === 'shrink') memory.shrink(`${task}`, bytes);
          if (act === 'shrink' && tasks.has(task)) tasks.set(task, Math.min(bytes, tasks.get(task) as number));
          if (act === 'release') memory.release(`${task}`);
          if (act === 'release') tasks.delete(task);
          const sum = [...tasks.values()].reduce((total, one) => total + one, 0);
          expect(memory.held()).toBe(sum);
          expect([0, 1, 2].reduce((total, run) => total + memory.heldBy(holderOf(`${run}`, 0).owner), 0)).toBe(sum);
          expect(sum <= 100 && tasks.size <= 6).toBe(true);
        }
      }),
    );
  });
});

const HELD_BYTES = 160 * 1024 * 1024;
/** Bytes of Node, the gateway's code, two threads for schemas, and frames under way. */
const OTHER_BYTES = 450 * 1024 * 1024;
const HOSTILE_TASKS = 64;

test('64 request objects of 50 MB are never in memory together, and a small task of another run is answered', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-memory-'));
  const sequencer = await startLoopbackSequencer();
  const parts: BenchProcess[] = [];
  try {
    const line = (i: number) => `[${i},{"messages":[{"role":"user","content":"${'x'.repeat(430)}"}]}]`;
    const bytes = encodeRequests(
      'builtin/small',
      Array.from({ length: 100_000 }, (_, i) => line(i)),
    );
    for (let i = 0; i < HOSTILE_TASKS; i++) sequencer.addObjectTask('builtin/small', i, bytes);
    const run: Hex = `0x${'0d'.repeat(32)}`;
    const small = encodeRequests('builtin/small', [line(0)]);
    const gateway = await startPart('gateway', {
      sequencerUrl: sequencer.url,
      dataDir: folder,
      privateKey: `0x${'01'.repeat(32)}`,
      da: { members: [{ url: sequencer.url, address: `0x${'00'.repeat(20)}` }], threshold: 1 },
      maxHeldBytes: HELD_BYTES,
    });
    parts.push(gateway);
    const worker: Hex = `0x${'02'.repeat(32)}`;
    const invitation = createInvitation(sequencer.domain, createSigner(`0x${'01'.repeat(32)}`), {
      name: 'worker',
      worker: createSigner(worker).address,
      expiry: 2 ** 40,
    });
    parts.push(await startPart('workers', [{ gatewayUrl: gateway.url, privateKey: worker, invitation }]));
    const metrics = async () => {
      const { bytes } = await requestBytes(`${gateway.url}/metrics`, { timeoutSeconds: 60 });
      const read = (name: string) =>
        Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(Buffer.from(bytes).toString())?.[1]);
      return { resident: read('process_resident_memory_bytes'), held: read('mizu_gateway_held_bytes') };
    };
    let peak = 0;
    let mostHeld = 0;
    const watch = async () => {
      const { resident, held } = await metrics();
      peak = Math.max(peak, resident);
      mostHeld = Math.max(mostHeld, held);
    };
    while (mostHeld < 50_000_000) await watch();
    const { requestRoot } = sequencer.addObjectTask('builtin/small', 0, small, run);
    while (!sequencer.settled.some((item) => item.requestRoot === requestRoot)) await watch();
    expect(mostHeld).toBeLessThanOrEqual(HELD_BYTES);
    expect(peak).toBeLessThan(HELD_BYTES + OTHER_BYTES);
    console.info(`peak of the gateway: ${Math.round(peak / 2 ** 20)} MiB, held ${Math.round(mostHeld / 2 ** 20)} MiB`);
  } finally {
    for (const part of parts.reverse()) await part.kill();
    await sequencer.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
