// docs/disputes.md#bytes: has the step list of a wrong assertion published on L1, as far as it takes to find the first wrong leaf.
import type { Abi } from 'viem';
import { eachOnItsOwn } from '../dispute/each.ts';
import { isJudged } from '../dispute/judged.ts';
import type { AssertionRecord } from '../node/l1/mirror.ts';
import type { NetworkNode } from '../node/node.ts';
import { demandsAbi, rollupAbi } from '../protocol/generated/abi.ts';
import { DEMAND_STATUS } from '../protocol/generated/enums.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import { depthOf } from '../protocol/tree.ts';
import type { Logger } from '../service/process/log.ts';
import type { Caller } from './caller.ts';
import { type ProvenStep, proveFromTree } from './claimed-step.ts';
import { createClaimedTree } from './claimed-tree.ts';

export type DemanderParts = {
  readonly node: Pick<NetworkNode, 'l1' | 'mirror'>;
  readonly contracts: { readonly demands: Address; readonly rollup: Address };
  readonly caller: Caller;
  readonly log: Logger;
  /** The largest bond for one demand. A dearer demand waits. */
  readonly maxBondWei: bigint;
};

export type DemandCounts = {
  demanded: number;
  expired: number;
  /** Demands of ours whose bonds the contract still holds, wholly or in part. */
  bonds: number;
  /** The most that the contract still holds of these bonds. */
  bondsWei: bigint;
};

export type Demander = {
  /** True if we have demanded anything of the assertion. */
  hasBegun(assertion: AssertionRecord): Promise<boolean>;
  /** Gives the wrong step once enough is published; until then it demands what is missing. */
  search(assertion: AssertionRecord, own: Uint8Array, nowSeconds: bigint): Promise<Searched>;
  /**
   * Ends wrong assertions whose demanded bytes are overdue, and gets back what is left of our bonds. The result is true
   * if something was sent.
   */
  collectNext(nowSeconds: bigint, isWrong: (assertion: AssertionRecord) => Promise<boolean>): Promise<boolean>;
  readonly counts: DemandCounts;
};

export type Searched =
  | { readonly kind: 'found'; readonly wrong: ProvenStep }
  | { readonly kind: 'waiting'; readonly sent: boolean };

type Node = { readonly depth: number; readonly index: number; readonly isLeaf: boolean };

export function createDemander({ node, contracts, caller, log, maxBondWei }: DemanderParts): Demander {
  const { client } = node.l1;
  const demands = { address: contracts.demands, abi: demandsAbi } as const;
  const call = { ...demands, abi: demandsAbi as Abi };
  const rollup = { address: contracts.rollup, abi: rollupAbi } as const;
  const counts: DemandCounts = { demanded: 0, expired: 0, bonds: 0, bondsWei: 0n };
  const told = new Set<string>();
  const statusOf = async (id: Hex): Promise<number> =>
    (await client.readContract({ ...demands, functionName: 'demandOf', args: [id] })).status;

  const publicationsOf = async ({ id, stepRoot }: AssertionRecord) =>
    (await node.mirror.publications(id)).filter(({ objectRoot }) => objectRoot === stepRoot);

  async function demand(assertion: AssertionRecord, { depth, index, isLeaf }: Node, now: bigint): Promise<boolean> {
    const about = [assertion.id, assertion.stepRoot, BigInt(depth), BigInt(index)] as const;
    const id = await client.readContract({ ...demands, functionName: 'demandIdOf', args: about });
    const isDone = async () => (await statusOf(id)) !== DEMAND_STATUS.none;
    // We may have made the demand before a restart, or somebody else may have: that bond is as good as ours.
    if ((await isDone()) || !(await isJudged(node.l1, contracts.rollup, assertion.id))) return false;
    const secondsLeft = (await lastFor(assertion, depth, isLeaf)) - now;
    if (secondsLeft <= 0n) {
      if (isFirst('late', assertion))
        log.error({ assertion: assertion.id }, 'a wrong assertion: too late for a demand');
      return false;
    }
    const bondWei = await client.readContract({ ...demands, functionName: 'bondFor', args: [assertion.id] });
    if (bondWei > maxBondWei) return waitForLess(assertion, bondWei, secondsLeft);
    await caller.allowBond(contracts.demands, bondWei, maxBondWei);
    const what = isLeaf
      ? `leaf ${index}`
      : depth === 0
        ? 'the upper nodes'
        : `the nodes below node ${index} at depth ${depth}`;
    const request = isLeaf
      ? { functionName: 'demandStep', args: [assertion.id, BigInt(index)] }
      : { functionName: 'demandNodes', args: [assertion.id, depth, BigInt(index)] };
    const sent = await caller.send({ ...call, ...request, isDone }, `${assertion.id} ${what}`);
    if (!sent) return false;
    counts.demanded++;
    log.warn({ assertion: assertion.id, demand: id, bondWei }, `demanded ${what} of a step list that DA does not give`);
    return true;
  }

  const isFirst = (what: string, { id }: AssertionRecord): boolean => {
    const isNew = !told.has(`${what} ${id}`);
    told.add(`${what} ${id}`);
    return isNew;
  };

  /**
   * The next demand of an asserter's bytes gets cheaper with each open one that is answered, and with each that is
   * settled after its assertion has fallen: such a one is settled here.
   */
  async function waitForLess(about: AssertionRecord, bondWei: bigint, secondsLeft: bigint): Promise<boolean> {
    if (isFirst('dear', about))
      log.warn(
        { assertion: about.id, bondWei, maxBondWei, secondsLeft },
        'so many demands are open that the next is dearer than maxDemandBondWei: waiting for answers to them',
      );
    for (const { id, assertion } of await node.mirror.openDemands()) {
      const fallen = await node.mirror.assertion(assertion);
      if (fallen === undefined || !isRefunded(fallen) || fallen.asserter !== about.asserter) continue;
      const isDone = async () => (await standingOf(assertion)).open === 0;
      if (await isDone()) continue;
      return caller.send({ ...call, functionName: 'settle', args: [id], isDone }, id);
    }
    return false;
  }

  const standingOf = (id: Hex) => client.readContract({ ...demands, functionName: 'standingOf', args: [id] });

  /** Whether L1 gives back what is left of the bonds of demands about this assertion. */
  const isRefunded = (assertion: AssertionRecord): boolean =>
    assertion.status === 'rejected' || node.mirror.isMoot(assertion);

  /** Unix seconds until which L1 takes the demand. */
  async function lastFor({ id }: AssertionRecord, depth: number, isLeaf: boolean): Promise<bigint> {
    const [windowEnd, { leaves, nodes }] = await Promise.all([
      client.readContract({ ...rollup, functionName: 'windowEndOf', args: [id] }),
      standingOf(id),
    ]);
    const followUp = BigInt(isLeaf ? leaves : depth === 0 ? 0 : nodes);
    return followUp > windowEnd ? followUp : windowEnd;
  }

  async function expireNext(now: bigint, isWrong: (assertion: AssertionRecord) => Promise<boolean>): Promise<boolean> {
    return eachOnItsOwn(await node.mirror.openDemands(), async ({ id, assertion: about, deadline }) => {
      const assertion = await node.mirror.assertion(about);
      if (now < deadline || assertion?.status !== 'pending' || node.mirror.isMoot(assertion)) return false;
      if (!(await isWrong(assertion))) return false;
      const isDone = async () => (await statusOf(id)) !== DEMAND_STATUS.open;
      if (await isDone()) return false;
      const sent = await caller.send({ ...call, functionName: 'expire', args: [id], isDone }, id);
      if (!sent) return false;
      counts.expired++;
      log.warn({ assertion: about, demand: id }, 'demanded bytes were not published: the assertion is rejected');
      return true;
    });
  }

  async function settleNext(): Promise<boolean> {
    const bonds = await node.mirror.demandBonds(caller.address);
    counts.bonds = bonds.length;
    counts.bondsWei = bonds.reduce((sum, { bondWei }) => sum + bondWei, 0n);
    return eachOnItsOwn(bonds, async ({ id, assertion: about }) => {
      const assertion = await node.mirror.assertion(about);
      if (assertion === undefined || !isRefunded(assertion)) return false;
      const isDone = async () => {
        const status = await statusOf(id);
        return status !== DEMAND_STATUS.open && status !== DEMAND_STATUS.published;
      };
      if (await isDone()) return false;
      return caller.send({ ...call, functionName: 'settle', args: [id], isDone }, id);
    });
  }

  return {
    counts,
    async hasBegun(assertion) {
      const ours = await node.mirror.demandBonds(caller.address);
      return ours.some((bond) => bond.assertion === assertion.id);
    },
    async search(assertion, own, now) {
      const tree = createClaimedTree(own, await publicationsOf(assertion));
      const found = tree.search();
      if (found.kind === 'found') return { kind: 'found', wrong: proveFromTree(assertion.id, tree, own, found) };
      const missing: Node[] =
        found.kind === 'nodes'
          ? [{ depth: found.depth, index: found.index, isLeaf: false }]
          : found.indices.map((index) => ({ depth: depthOf(own.length), index, isLeaf: true }));
      return { kind: 'waiting', sent: await eachOnItsOwn(missing, (asked) => demand(assertion, asked, now)) };
    },
    async collectNext(now, isWrong) {
      const expired = await expireNext(now, isWrong);
      return (await settleNext()) || expired;
    },
  };
}
