// docs/audits.md#gateway: what a gateway's canaries ask of the contract Audits, and what they send it.
import { type Abi, encodeAbiParameters, keccak256, parseAbiParameters } from 'viem';
import type { ShownItem } from '../../dispute/shown-item.ts';
import { type AuditTimes, readAuditTimes } from '../../node/l1/audit-times.ts';
import { auditsAbi, inboxAbi, inferenceCourtAbi } from '../../protocol/generated/abi.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import type { L1 } from '../../service/l1/l1.ts';
import type { Sender } from '../../service/l1/send.ts';

/** `Planted` of contracts/src/Audits.sol. */
export type Planted = {
  readonly owner: Address;
  readonly nonce: bigint;
  readonly workflow: Hex;
  readonly truth: Hex;
  readonly salt: Hex;
  readonly signature: Hex;
};

/** Where `Audits` is, and what its `hashCanary` takes. */
export type CanaryItem = {
  readonly chainId: number;
  readonly audits: Address;
  readonly gateway: Address;
  readonly run: Hex;
  readonly stage: number;
  readonly partition: number;
  readonly attempt: number;
  readonly truth: Hex;
  readonly salt: Hex;
};

const CANARY = parseAbiParameters('uint256, address, address, bytes32, uint16, uint32, uint16, bytes32, bytes32');

/** `Audits.hashCanary`: what is planted. */
export function hashCanary(item: CanaryItem): Hex {
  const { chainId, audits, gateway, run, stage, partition, attempt, truth, salt } = item;
  const values = [BigInt(chainId), audits, gateway, run, stage, partition, attempt, truth, salt] as const;
  return keccak256(encodeAbiParameters(CANARY, values));
}

export type AuditsContract = {
  readonly times: AuditTimes;
  /** For so many seconds a plant is good for a batch. */
  readonly plantSeconds: bigint;
  plant(commitment: Hex): Promise<void>;
  /**
   * Unix seconds at which it was planted, as a block says that has `confirmations` blocks on it; undefined if that
   * block does not have it.
   */
  plantedAt(commitment: Hex): Promise<bigint | undefined>;
  /** Unix seconds at which L1 took the batch; 0: it has none of that number. */
  postedAt(batch: bigint): Promise<bigint>;
  /** Whether somebody disputes the item. */
  isDisputed(place: Hex): Promise<boolean>;
  open(shown: ShownItem, planted: Planted, place: Hex): Promise<void>;
  /** Whether something was paid: the canary must count, and the pot have something. */
  claimReward(period: bigint, place: Hex): Promise<boolean>;
  /** Unix seconds of L1's newest block. */
  now(): Promise<bigint>;
};

export type AuditsParts = {
  readonly client: L1['client'];
  readonly sender: Sender;
  readonly audits: Address;
  readonly inbox: Address;
  /** The number of blocks on top of a plant before its item is signed. */
  readonly confirmations: number;
};

export async function openAudits({
  client,
  sender,
  audits: address,
  inbox,
  confirmations,
}: AuditsParts): Promise<AuditsContract> {
  const audits = { address, abi: auditsAbi } as const;
  const call = { address, abi: auditsAbi as Abi };
  const court = {
    address: await client.readContract({ ...audits, functionName: 'court' }),
    abi: inferenceCourtAbi,
  } as const;
  const times = await readAuditTimes(client, address);
  const plantSeconds = BigInt(await client.readContract({ ...audits, functionName: 'plantSeconds' }));

  return {
    times,
    plantSeconds,
    async plant(commitment) {
      const isDone = async () =>
        (await client.readContract({ ...audits, functionName: 'plantedAt', args: [commitment] })) > 0n;
      await sender.sendAndWait({ ...call, functionName: 'plant', args: [commitment], isDone });
    },
    async plantedAt(commitment) {
      const blockNumber = (await client.getBlockNumber()) - BigInt(confirmations);
      if (blockNumber < 0n) return undefined;
      const at = await client.readContract({ ...audits, functionName: 'plantedAt', args: [commitment], blockNumber });
      return at === 0n ? undefined : at;
    },
    postedAt: async (batch) =>
      BigInt(await client.readContract({ address: inbox, abi: inboxAbi, functionName: 'postedAtOf', args: [batch] })),
    isDisputed: async (place) =>
      (await client.readContract({ ...court, functionName: 'caseAbout', args: [place] })) > 0n,
    async open(shown, planted, place) {
      const isDone = () => client.readContract({ ...audits, functionName: 'isCanary', args: [place] });
      await sender.sendAndWait({ ...call, functionName: 'open', args: [shown, planted], isDone });
    },
    async claimReward(period, place) {
      const canaries = await client.readContract({ ...audits, functionName: 'canariesIn', args: [period] });
      const number = canaries.findIndex((canary) => canary.place === place);
      const canary = canaries[number];
      const pot = await client.readContract({ ...audits, functionName: 'pot' });
      if (canary === undefined || canary.rewarded || canary.found * 2n <= canary.revealed || pot === 0n) return false;
      const isDone = async () =>
        (await client.readContract({ ...audits, functionName: 'canariesIn', args: [period] }))[number]?.rewarded ===
        true;
      const sent = await sender.sendAndWait({
        ...call,
        functionName: 'reward',
        args: [period, BigInt(number)],
        isDone,
      });
      return sent.kind === 'mined';
    },
    now: async () => (await client.getBlock()).timestamp,
  };
}
