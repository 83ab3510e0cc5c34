// docs/attestations.md#false: keeps what others have attested of wrong assertions, and shows it to L1 when the truth is
// confirmed.
import type { Abi } from 'viem';
import type { ContractAddresses } from '../../contracts/deploy.ts';
import { findWrongStep } from '../../dispute/wrong-step.ts';
import { ownSteps } from '../../node/agreement.ts';
import type { Attestation } from '../../node/attestations/attestation.ts';
import type { AttestationWeights } from '../../node/attestations/weights.ts';
import type { AssertionRecord } from '../../node/l1/mirror.ts';
import type { LoopRound } from '../../node/loop.ts';
import type { NetworkNode } from '../../node/node.ts';
import { attestationsAbi, rollupAbi } from '../../protocol/generated/abi.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { type LeafIndex, leafAt, toLeafIndex } from '../../protocol/step-numbers.ts';
import { hashLeaf, treeProof } from '../../protocol/tree.ts';
import type { Logger } from '../../service/process/log.ts';
import type { Caller } from '../caller.ts';
import { fetchStepList } from '../step-list.ts';
import type { Known } from './known.ts';

export type ProsecutorParts = {
  readonly node: NetworkNode;
  readonly contracts: Pick<ContractAddresses, 'attestations' | 'rollup'>;
  readonly caller: Caller;
  readonly known: Known;
  readonly weights: AttestationWeights;
  readonly log: Logger;
};

export type ProsecutionCounts = { found: number; proven: number };

export type Prosecutor = {
  readonly tasks: readonly LoopRound[];
  readonly counts: Readonly<ProsecutionCounts>;
};

type ListedLeaf = { readonly leafHash: Hex; readonly path: readonly Hex[] };

/** An attestation of a step list that is not what the messages give, with the leaf that shows it. */
type Evidence = {
  readonly attester: Address;
  readonly attestation: Attestation;
  /** The number of the wrong leaf's step since genesis. */
  readonly step: bigint;
  readonly claimed: ListedLeaf;
};

/** The least milliseconds between two looks for attestations of one wrong assertion. */
const LOOK_MS = 2_000;

export function createProsecutor(parts: ProsecutorParts): Prosecutor {
  const { node, contracts, caller, known, weights, log } = parts;
  const { client } = node.l1;
  const attestations = { address: contracts.attestations, abi: attestationsAbi } as const;
  const { verdictOf } = node;
  const evidence = node.store.table<Evidence>('attestations-false');
  const counts: ProsecutionCounts = { found: 0, proven: 0 };
  const looked = new Map<Hex, number>();

  async function look(assertion: AssertionRecord): Promise<void> {
    const { id } = assertion;
    looked.set(id, Date.now());
    const said = new Map([...(await known.recorded(assertion)), ...(await known.gather(id))]);
    const fresh: [Address, Attestation][] = [];
    for (const [attester, attestation] of said) {
      const isKept = (await evidence.get(keyOf(id, attester))) !== undefined;
      if (!isKept && (await weights.weightOf(id, attester)) > 0n) fresh.push([attester, attestation]);
    }
    if (fresh.length === 0) return;
    const wrong = await wrongLeaf(assertion);
    if (wrong === undefined) return;
    for (const [attester, attestation] of fresh) {
      await node.store.write([evidence.put(keyOf(id, attester), { attester, attestation, ...wrong })]);
      counts.found++;
      log.warn({ assertion: id, attester }, 'a false attestation: it is shown to L1 when the truth is confirmed');
    }
  }

  async function wrongLeaf(assertion: AssertionRecord): Promise<Pick<Evidence, 'step' | 'claimed'> | undefined> {
    const parent = await node.mirror.assertion(assertion.parent);
    const own = parent === undefined ? undefined : await ownSteps(node.execution, parent, assertion);
    const claimed = own === undefined ? undefined : await fetchStepList(node, assertion);
    if (parent === undefined || own === undefined || claimed === undefined) return undefined;
    const found = findWrongStep(claimed, own);
    // Where its first leaf is wrong, its parent was: who attests a child says nothing of its parent.
    if (found.kind !== 'step') return undefined;
    const { leaf } = found.wrong;
    return { step: parent.post.step + BigInt(leaf), claimed: listedLeaf(claimed, leaf) };
  }

  /** The confirmed assertion whose steps include this one. It is undefined while there is none. */
  async function confirmedAt(step: bigint): Promise<AssertionRecord | undefined> {
    let at = await node.mirror.assertion((await node.mirror.head()).latestConfirmed);
    if (at === undefined || at.post.step < step) return undefined;
    while (at !== undefined && at.post.step - BigInt(at.stepCount) >= step) at = await node.mirror.assertion(at.parent);
    return at;
  }

  async function prosecute(key: string, { attester, attestation, step, claimed }: Evidence): Promise<boolean> {
    const truth = await confirmedAt(step);
    const parent = truth === undefined ? undefined : await node.mirror.assertion(truth.parent);
    if (truth === undefined || parent === undefined || (await verdictOf(truth)) !== 'agrees') return false;
    const { assertion } = attestation;
    const own = await ownSteps(node.execution, parent, truth);
    if (own === undefined) return false;
    const right = listedLeaf(own, toLeafIndex(Number(step - parent.post.step)));
    const forget = () => node.store.write([evidence.delete(key)]);
    if (right.leafHash === claimed.leafHash || !(await sameVoidings(assertion, truth.id))) {
      log.warn({ assertion, attester }, 'an attestation cannot be proven false: L1 has made batches void since');
      await forget();
      return false;
    }
    const isDone = () =>
      client.readContract({ ...attestations, functionName: 'isSlashed', args: [assertion, attester] });
    const sent = await caller.send(
      {
        ...attestations,
        abi: attestationsAbi as Abi,
        functionName: 'proveFalse',
        args: [assertion, attestation, step, claimed, truth.id, right],
        isDone,
      },
      `${assertion} by ${attester}`,
    );
    if (sent) counts.proven++;
    if (sent) log.warn({ assertion, attester }, 'a false attestation was proven: its signer is slashed');
    if (await isDone()) await forget();
    return sent;
  }

  async function sameVoidings(first: Hex, second: Hex): Promise<boolean> {
    const voidings = async (id: Hex) => {
      const rollup = { address: contracts.rollup, abi: rollupAbi } as const;
      return (await client.readContract({ ...rollup, functionName: 'assertionOf', args: [id] })).voidings;
    };
    const [one, other] = await Promise.all([voidings(first), voidings(second)]);
    return one === other;
  }

  async function lookNext(): Promise<boolean> {
    const pending = await node.mirror.pending();
    for (const assertion of pending) {
      if (node.mirror.isMoot(assertion) || Date.now() - (looked.get(assertion.id) ?? 0) < LOOK_MS) continue;
      if ((await verdictOf(assertion)) === 'differs') await look(assertion);
    }
    const ids = new Set(pending.map(({ id }) => id));
    for (const id of looked.keys()) if (!ids.has(id)) looked.delete(id);
    return false;
  }

  async function prosecuteNext(): Promise<boolean> {
    const kept: [string, Evidence][] = [];
    for await (const entry of evidence.entries()) kept.push(entry);
    let sent = false;
    for (const [key, one] of kept) sent = (await prosecute(key, one)) || sent;
    return sent;
  }

  return { counts, tasks: [lookNext, prosecuteNext] };
}

const keyOf = (assertion: Hex, attester: Address) => `${assertion}:${attester}`;

function listedLeaf(steps: Uint8Array, leaf: LeafIndex): ListedLeaf {
  return { leafHash: hashLeaf(leafAt(steps, leaf)), path: treeProof(steps, leaf) };
}
