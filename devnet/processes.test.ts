// docs/operations.md#devnet-share: who comes first where all share one machine.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Hex } from '../protocol/hex.ts';
import type { DevnetChain } from './chain.ts';
import { type Choices, PREFERRED_PORTS, writeProcesses } from './processes.ts';
import { createSupervisor } from './supervisor.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mizu-processes-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ADDRESS: Hex = `0x${'ab'.repeat(20)}`;
const OPENAI = { baseUrl: 'http://127.0.0.1:1', apiKeyEnv: 'KEY', models: { tiny: 'tiny-1' } };

function specsOf(choices: Choices) {
  const contracts = { daCommittee: ADDRESS, gatewayRegistry: ADDRESS };
  const members = Array.from({ length: 4 }, () => ({ address: ADDRESS, privateKey: `0x${'11'.repeat(32)}` }));
  const chain = { chainId: 1, contracts, members, epoch: 1n, threshold: 3, fromBlock: 1n, genesis: {} };
  return writeProcesses(folder, chain as unknown as DevnetChain, PREFERRED_PORTS, choices);
}
const configOf = (name: string) => JSON.parse(readFileSync(join(folder, 'config', `${name}.json`), 'utf8'));

test('executor and validator are patient, the others are not; with a liar nobody is', () => {
  const patient = (choices: Choices) => specsOf(choices).flatMap(({ name, isPatient }) => (isPatient ? [name] : []));
  expect(patient({})).toEqual(['executor', 'validator']);
  expect(patient({ liar: 'liar-process.ts' })).toEqual([]);
});

test('the sequencer runs two programs at a time; a worker takes a whole lease, unless an endpoint has to answer it', () => {
  specsOf({});
  expect(['sequencer', 'executor', 'validator'].map((name) => configOf(name).workers)).toEqual([2, 1, 1]);
  expect(configOf('worker0').concurrency).toBe(64);
  specsOf({ openai: OPENAI });
  expect(configOf('worker0').concurrency).toBeUndefined();
});

test.skipIf(process.platform === 'win32')(
  'a patient process has a lower priority than the one that starts it',
  async () => {
    const entry = join(folder, 'waits.mjs');
    const supervisor = createSupervisor(join(folder, 'logs'));
    try {
      await supervisor.start({ name: 'patient', args: [], entry, isPatient: true });
      await supervisor.start({ name: 'other', args: [], entry });
      const [patient, other] = supervisor.processes().map(({ pid }) => getPriority(pid));
      expect(patient).toBe(getPriority() + 4);
      expect(other).toBe(getPriority());
    } finally {
      await supervisor.stop();
    }
  },
);
