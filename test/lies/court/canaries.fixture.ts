// docs/audits.md#plant: who plants canaries in his own runs: commitments on L1, and what opens them.
import type { Abi } from 'viem';
import { bytesToHex, toBytes } from 'viem';
import type { LocalAccount } from 'viem/accounts';
import { createBuiltinBackend } from '../../../edge/backends/builtin.ts';
import type { Planted } from '../../../edge/canaries/audits.ts';
import { truthOf } from '../../../edge/truth.ts';
import { auditsAbi, inferenceCourtAbi } from '../../../protocol/generated/abi.ts';
import type { Hex } from '../../../protocol/hex.ts';
import { CANARY_TYPES, createDomain } from '../../../protocol/typed-data.ts';
import type { AskedRun } from '../../network/infer-workflow.fixture.ts';
import { type TestNetwork, USER } from '../../network/network.fixture.ts';
import type { Actor } from './actors.ts';
import type { Posted } from './items.ts';

const INFER_STAGE = 1;
const SALT = bytesToHex(toBytes('salt', { size: 32 }));
const backend = createBuiltinBackend();

export type Planter = {
  /** What stands in the run's partitions is a canary, if it is posted later. `signer`: instead of the run's account. */
  plant(asked: AskedRun, signer?: LocalAccount): Promise<readonly Planted[]>;
  /** The error with which L1 refuses it; undefined if it takes it. */
  open(posted: Posted, planted: Planted): Promise<string | undefined>;
  placeOf(posted: Posted): Promise<Hex>;
};

/** `gateway` signs the items; the runs are the user's. */
export function createPlanter(network: TestNetwork, sender: Actor, gateway: Actor): Planter {
  const { deployment, l1, clock } = network;
  const { audits, inferenceCourt } = deployment.addresses;
  const call = { address: audits, abi: auditsAbi as Abi };

  async function plantOne(
    { run, nonce, workflow }: AskedRun,
    partition: number,
    truth: Hex,
    signer: LocalAccount,
  ): Promise<Planted> {
    const args = [gateway.address, run, INFER_STAGE, partition, 0, truth, SALT] as const;
    const commitment = await l1.client.readContract({
      ...{ address: audits, abi: auditsAbi, functionName: 'hashCanary' },
      args,
    });
    await sender.send(call, 'plant', [commitment]);
    const signature = await signer.signTypedData({
      domain: createDomain(deployment.chainId, audits),
      types: CANARY_TYPES,
      primaryType: 'Canary',
      message: { commitment },
    });
    return { owner: USER.address, nonce, workflow, truth, salt: SALT, signature };
  }

  return {
    async plant(asked, signer = USER) {
      const planted: Planted[] = [];
      for (const [partition, requests] of asked.requests.entries()) {
        const truth = await truthOf(requests, backend, new AbortController().signal);
        planted.push(await plantOne(asked, partition, truth as Hex, signer));
      }
      // A plant is older than its item's batch.
      await clock.advance(1);
      return planted;
    },
    open: ({ shown }, planted) => sender.try(call, 'open', [shown, planted]),
    placeOf: ({ shown: { batch, message, index } }) =>
      l1.client.readContract({
        ...{ address: inferenceCourt, abi: inferenceCourtAbi, functionName: 'placeOf' },
        args: [batch, message, index],
      }),
  };
}

export type Periods = {
  /** Waits for the beginning of a period: all that follows fits into it. */
  start(): Promise<bigint>;
  /** Unix seconds at which the period's phases end, and `from`, at which it is over itself. */
  phasesOf(
    period: bigint,
  ): Promise<{ readonly from: bigint; readonly commit: bigint; readonly open: bigint; readonly reveal: bigint }>;
};

export function createPeriods({ clock, deployment, l1 }: TestNetwork): Periods {
  const audits = { address: deployment.addresses.audits, abi: auditsAbi } as const;
  return {
    async start() {
      const length = BigInt(await l1.client.readContract({ ...audits, functionName: 'periodSeconds' }));
      const next = (await clock.now()) / length + 1n;
      await clock.advanceTo(next * length);
      return next;
    },
    phasesOf: (period) => l1.client.readContract({ ...audits, functionName: 'phasesOf', args: [period] }),
  };
}
