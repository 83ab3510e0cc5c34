// docs/prover.md#double-nonces: looks for two batches of one gateway with one nonce in all that L1 has ordered.
import { isSignedByGateway, proveDoubleNonce, type SignedBatchRoot } from '../dispute/double-nonce.ts';
import { deriveBatch } from '../node/l1/derive.ts';
import type { NetworkNode } from '../node/node.ts';
import { MizuError } from '../protocol/errors.ts';
import { gatewayRegistryAbi } from '../protocol/generated/abi.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import { hashInferenceItems } from '../protocol/inference.ts';
import type { Message } from '../protocol/messages.ts';
import type { Domain } from '../protocol/typed-data.ts';
import type { Logger } from '../service/process/log.ts';
import { numberKey, type Operation } from '../service/storage/store.ts';
import type { Caller } from './caller.ts';

export type DoubleNonceParts = {
  readonly node: Pick<NetworkNode, 'l1' | 'store' | 'mirror' | 'objects' | 'execution'>;
  readonly registry: Address;
  /** Of the registry. */
  readonly domain: Domain;
  readonly caller: Pick<Caller, 'send'>;
  readonly log: Logger;
};

export type DoubleNonceWatch = {
  /** Looks through the executed batches that it has not looked through. The result is true if a proof was mined. */
  lookThrough(signal: AbortSignal): Promise<boolean>;
  readonly counts: { proofs: number };
};

type Seen = { readonly itemsRoot: Hex; readonly signature: Hex; readonly batch: bigint };

/** After so many batches a signature is forgotten: nine days at a batch every 12 s. */
const KEPT_BATCHES = 65_536n;
const FORGET_EVERY = 1_024n;
/** Whether an account has a stake as a gateway is asked again after so long; if it has none it may have one soon. */
const STAKED_MS = 600_000;
const UNSTAKED_MS = 5_000;
const MAX_GATEWAYS = 1_024;

export function createDoubleNonceWatch({ node, registry, domain, caller, log }: DoubleNonceParts): DoubleNonceWatch {
  const seen = node.store.table<Seen>('gateway-nonce');
  const progress = node.store.table<bigint>('gateway-nonce-progress');
  const staked = new Map<Address, { readonly isStaked: boolean; readonly atMs: number }>();
  const counts = { proofs: 0 };

  // Anyone may put messages into batches in the name of accounts without a stake: nothing is kept of those.
  const isStaked = async (gateway: Address): Promise<boolean> => {
    const known = staked.get(gateway);
    const keptMs = known?.isStaked === true ? STAKED_MS : UNSTAKED_MS;
    if (known !== undefined && Date.now() - known.atMs < keptMs) return known.isStaked;
    const contract = { address: registry, abi: gatewayRegistryAbi } as const;
    const isLocked = await node.l1.client.readContract({ ...contract, functionName: 'isLocked', args: [gateway] });
    if (staked.size >= MAX_GATEWAYS) staked.clear();
    staked.set(gateway, { isStaked: isLocked, atMs: Date.now() });
    return isLocked;
  };

  const prove = async (first: SignedBatchRoot, second: SignedBatchRoot): Promise<boolean> => {
    const { gateway, nonce } = first;
    log.error({ gateway, nonce: String(nonce) }, 'a gateway has signed two batches with one nonce');
    try {
      const isMined = await caller.send(proveDoubleNonce(node.l1, registry, first, second), `${gateway} ${nonce}`);
      if (isMined) counts.proofs += 1;
      return isMined;
    } catch (error) {
      // Somebody else was first, or nothing is left to take: no reason to look no further.
      if (!(error instanceof MizuError) || error.code !== 'l1/reverted') throw error;
      log.warn({ err: error, gateway }, 'L1 does not take the proof of a double nonce');
      return false;
    }
  };

  const lookAt = async (message: Message | undefined, batch: bigint): Promise<boolean> => {
    if (message?.kind !== 'InferenceResult') return false;
    const { nonce, signature } = message;
    const gateway = message.gateway.toLowerCase() as Address;
    const signed = { gateway, nonce, signature, itemsRoot: hashInferenceItems(message.items) };
    if (!(await isStaked(gateway)) || !isSignedByGateway(signed, domain)) return false;
    const key = `${gateway}-${numberKey(nonce)}`;
    const before = await seen.get(key);
    if (before !== undefined && before.itemsRoot !== signed.itemsRoot)
      return prove({ gateway, nonce, ...before }, signed);
    if (before === undefined)
      await node.store.write([seen.put(key, { itemsRoot: signed.itemsRoot, signature, batch })]);
    return false;
  };

  const forget = async (batch: bigint): Promise<void> => {
    const old: Operation[] = [];
    for await (const [key, one] of seen.entries()) if (one.batch + KEPT_BATCHES < batch) old.push(seen.delete(key));
    await node.store.write(old);
  };

  return {
    counts,
    async lookThrough(signal) {
      let isProven = false;
      const end = node.execution.batches();
      // Blocks that L1 has taken back may have taken batches back. What was signed stays signed.
      const last = (await progress.get('next')) ?? 0n;
      for (let index = last < end ? last : end; index < end && !signal.aborted; index++) {
        const batch = await node.mirror.batch(index);
        if (batch === undefined) return isProven;
        for (const { message } of await deriveBatch(node.mirror, node.objects, batch))
          if (await lookAt(message.message, index)) isProven = true;
        if (index % FORGET_EVERY === 0n) await forget(index);
        await node.store.write([progress.put('next', index + 1n)]);
      }
      return isProven;
    },
  };
}
