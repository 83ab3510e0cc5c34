// docs/attestations.md#levels: how far the chain is attested.
import type { AssertionRecord, Mirror } from '../../node/l1/mirror.ts';

/**
 * The last assertion such that it and all before it, back to the confirmed one, are attested or confirmed. An attested
 * one whose parent is not is no more than its parent. It is looked for when L1 has said something, however often it is
 * asked for.
 */
export function createAttestedTip(mirror: Mirror): () => Promise<AssertionRecord | undefined> {
  let known: { readonly heard: number; readonly tip: AssertionRecord | undefined } | undefined;
  return async () => {
    const heard = mirror.heard();
    if (known?.heard !== heard) known = { heard, tip: await findTip(mirror) };
    return known.tip;
  };
}

async function findTip(mirror: Mirror): Promise<AssertionRecord | undefined> {
  const attested = new Map<string, AssertionRecord>();
  for (const child of await mirror.pending())
    if (!mirror.isMoot(child) && (await mirror.attestations(child.id))?.attested !== undefined)
      attested.set(child.parent, child);
  let tip = await mirror.assertion((await mirror.head()).latestConfirmed);
  while (tip !== undefined) {
    const next = attested.get(tip.id);
    if (next === undefined) break;
    tip = next;
  }
  return tip;
}
