// docs/prover.md#assertions: ends assertions whose window is over: confirms what we agree with, frees our bond of the rest.
import type { ContractAddresses } from '../contracts/deploy.ts';
import type { AgreementVerdict } from '../node/agreement.ts';
import type { AssertionRecord, MirrorHead } from '../node/l1/mirror.ts';
import type { NetworkNode } from '../node/node.ts';
import { rollupAbi } from '../protocol/generated/abi.ts';
import { ASSERTION_STATUS } from '../protocol/generated/enums.ts';
import { type Hex, isSameAddress } from '../protocol/hex.ts';
import type { Sender } from '../service/l1/send.ts';

export type Confirmer = {
  /** Sends at most one transaction. The result is undefined if there was nothing to do. */
  confirmNext(nowSeconds: bigint): Promise<{ id: Hex; outcome: 'confirmed' | 'orphaned' } | undefined>;
};

/** The asserter comes first, so that not every executor pays for the same confirmation. */
const OTHERS_WAIT_SECONDS = 15n;

export function createConfirmer(
  node: NetworkNode,
  contracts: ContractAddresses,
  sender: Sender,
  verdictOf: (assertion: AssertionRecord) => Promise<AgreementVerdict>,
): Confirmer {
  const rollup = { address: contracts.rollup, abi: rollupAbi } as const;
  const read = (id: Hex) => node.l1.client.readContract({ ...rollup, functionName: 'assertionOf', args: [id] });
  const isOurs = ({ asserter }: AssertionRecord) => isSameAddress(asserter, sender.address);

  /** By the assertion's id: the end of its window in unix seconds, as last read. */
  const deadlines = new Map<Hex, bigint>();

  async function isOver(assertion: AssertionRecord, nowSeconds: bigint): Promise<boolean> {
    const wait = isOurs(assertion) ? 0n : OTHERS_WAIT_SECONDS;
    const known = deadlines.get(assertion.id);
    if (known !== undefined && nowSeconds < known + wait) return false;
    // Read again: a reorg may have mined the same assertion later, and a pause may have prolonged the window.
    const { id } = assertion;
    const [{ status, openGames }, deadline] = await Promise.all([
      read(id),
      node.l1.client.readContract({ ...rollup, functionName: 'deadlineOf', args: [id] }),
    ]);
    deadlines.set(id, deadline);
    return status === ASSERTION_STATUS.pending && openGames === 0 && nowSeconds >= deadline + wait;
  }

  // L1 confirms nothing while a pause lasts, even if the window had closed before it, and no child before its earlier
  // siblings are rejected.
  async function isHeldUp(id: Hex, nowSeconds: bigint): Promise<boolean> {
    const [pausedUntil, earlier] = await Promise.all([
      node.l1.client.readContract({ ...rollup, functionName: 'pausedUntil' }),
      node.l1.client.readContract({ ...rollup, functionName: 'earlierSiblingOf', args: [id] }),
    ]);
    return nowSeconds < pausedUntil || BigInt(earlier) !== 0n;
  }

  async function end(id: Hex, functionName: 'confirm' | 'orphan'): Promise<void> {
    await sender.sendAndWait({
      ...rollup,
      functionName,
      args: [id],
      isDone: async () => (await read(id)).status !== ASSERTION_STATUS.pending,
    });
  }

  async function isDead({ parent }: AssertionRecord, { latestConfirmed, endedAt }: MirrorHead): Promise<boolean> {
    if (endedAt !== undefined) return true;
    const status = (await node.mirror.assertion(parent))?.status;
    return status === 'rejected' || status === 'orphaned' || (status === 'confirmed' && parent !== latestConfirmed);
  }

  return {
    async confirmNext(nowSeconds) {
      const head = await node.mirror.head();
      const isNext = ({ parent }: AssertionRecord) => head.endedAt === undefined && parent === head.latestConfirmed;
      const pending = await node.mirror.pending();
      for (const id of deadlines.keys()) if (!pending.some((assertion) => assertion.id === id)) deadlines.delete(id);
      for (const assertion of pending) {
        if (!(await isOver(assertion, nowSeconds))) continue;
        if (isNext(assertion) && (await verdictOf(assertion)) === 'agrees') {
          if (await isHeldUp(assertion.id, nowSeconds)) continue;
          await end(assertion.id, 'confirm');
          return { id: assertion.id, outcome: 'confirmed' };
        }
        if (isOurs(assertion) && (await isDead(assertion, head))) {
          await end(assertion.id, 'orphan');
          return { id: assertion.id, outcome: 'orphaned' };
        }
      }
      return undefined;
    },
  };
}
