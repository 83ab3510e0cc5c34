// docs/attestations.md#gathering: the attestations that we know of, by whom they are, from relays and from L1.
import { parseEventLogs } from 'viem';
import { type Attestation, attesterOf } from '../../node/attestations/attestation.ts';
import type { AssertionRecord } from '../../node/l1/mirror.ts';
import type { NetworkNode } from '../../node/node.ts';
import { attestationsAbi } from '../../protocol/generated/abi.ts';
import { type Address, type Hex, isSameAddress } from '../../protocol/hex.ts';
import type { Domain } from '../../protocol/typed-data.ts';
import type { Logger } from '../../service/process/log.ts';
import type { Relay } from './relay.ts';

export type ByAttester = ReadonlyMap<Address, Attestation>;

export type Known = {
  /** Leaves our attestation at all relays that do not have it. One that does not answer is tried again the next time. */
  spread(attestation: Attestation): Promise<void>;
  /** What the relays have about an assertion. */
  gather(assertion: Hex): Promise<ByAttester>;
  /** What transactions have recorded about an assertion. */
  recorded(assertion: AssertionRecord): Promise<ByAttester>;
};

export type KnownParts = {
  readonly node: Pick<NetworkNode, 'l1' | 'mirror'>;
  readonly relays: readonly Relay[];
  readonly domain: Domain;
  readonly log: Logger;
};

/** Signatures whose signers are remembered: to recover one takes a millisecond. */
const REMEMBERED = 16_384;

export function createKnown({ node, relays, domain, log }: KnownParts): Known {
  const posted = new Set<string>();
  const signers = new Map<string, Address | undefined>();
  const silent = new Set<string>();

  function signerOf(attestation: Attestation): Address | undefined {
    const key = `${attestation.assertion}${attestation.commitment}${attestation.signature}`;
    if (signers.has(key)) return signers.get(key);
    const signer = attesterOf(domain, attestation);
    signers.set(key, signer);
    const oldest = signers.keys().next().value;
    if (signers.size > REMEMBERED && oldest !== undefined) signers.delete(oldest);
    return signer;
  }

  function sort(attestations: readonly Attestation[]): Map<Address, Attestation> {
    const found = new Map<Address, Attestation>();
    for (const attestation of attestations) {
      const signer = signerOf(attestation);
      if (signer !== undefined && !found.has(signer)) found.set(signer, attestation);
    }
    return found;
  }

  async function ask<T>(relay: Relay, work: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await work();
      silent.delete(relay.url);
      return result;
    } catch (err) {
      if (!silent.has(relay.url)) log.warn({ err, relay: relay.url }, 'a relay of attestations does not take part');
      silent.add(relay.url);
      return undefined;
    }
  }

  return {
    async spread(attestation) {
      await Promise.all(
        relays.map(async (relay) => {
          const key = `${relay.url} ${attestation.assertion}`;
          if (posted.has(key)) return;
          const done = await ask(relay, async () => {
            await relay.post(attestation);
            return true;
          });
          if (done) posted.add(key);
        }),
      );
      if (posted.size > REMEMBERED) posted.clear();
    },
    async gather(assertion) {
      const lists = await Promise.all(relays.map((relay) => ask(relay, () => relay.list(assertion))));
      return sort(lists.flatMap((list) => list ?? []));
    },
    async recorded({ id }) {
      const { transactions = [] } = (await node.mirror.attestations(id)) ?? {};
      const receipts = await Promise.all(transactions.map((hash) => node.l1.client.getTransactionReceipt({ hash })));
      const logs = receipts.flatMap((receipt) => receipt.logs);
      const events = parseEventLogs({ abi: attestationsAbi, eventName: 'AttestationsRecorded', logs });
      const recorded = events.filter(
        ({ args, address }) => args.assertion === id && isSameAddress(address, domain.verifyingContract),
      );
      return sort(recorded.flatMap(({ args }) => args.attestations.map((one) => ({ assertion: id, ...one }))));
    },
  };
}
