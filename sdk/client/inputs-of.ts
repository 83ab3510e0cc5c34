// docs/sdk.md#versions: what a run has read, from L1 and DA alone: the hash of its inputs stands beside its dataset in the state.
import { datasetKey } from '../../kernel/keys.ts';
import { datasetRecord } from '../../kernel/records.ts';
import { type BodyStep, requireStep } from '../../node/body/body.ts';
import type { ObjectSource } from '../../node/l1/derive.ts';
import { createNodeMap } from '../../node/nodes.ts';
import { createStateProof, verifyStateProof } from '../../node/proof.ts';
import { findStep, type LocatedRun, locateRun, takeSnapshot } from '../../node/replication/locate-run.ts';
import type { VerifyRequest } from '../../node/replication/replicate.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import { decodeStateLeaf } from '../../protocol/state.ts';

/** Of a run that `verifyRun` has found good: the step that ended it has the trie nodes of its record. @throws MizuError `verify/failed` */
export async function readInputsHash({ l1, contracts, fromBlock, da, run }: VerifyRequest): Promise<Hex> {
  const snapshot = await takeSnapshot(l1, contracts, fromBlock);
  try {
    const objects: ObjectSource = { get: da.get };
    const found = await locateRun(snapshot.mirror, objects, run);
    const record = found === undefined ? undefined : await stepOf(objects, found);
    if (record === undefined) throw noRecord(run);
    const { stateRoot } = decodeStateLeaf(record.stateLeaf);
    const key = datasetKey(run);
    const { nodes } = await createStateProof(createNodeMap(record.nodes), stateRoot, key);
    const value = await verifyStateProof(stateRoot, key, nodes);
    if (value === undefined) throw noRecord(run);
    return datasetRecord.decode(value).inputsHash;
  } finally {
    await snapshot.close();
  }
}

async function stepOf(objects: ObjectSource, { body, ended }: LocatedRun): Promise<BodyStep | undefined> {
  const found = await findStep(objects, body, ended.leaf);
  return found === undefined ? undefined : requireStep(found.chunk, found.step);
}

function noRecord(run: Hex): MizuError {
  return new MizuError({
    code: 'verify/failed',
    message: 'The verification failed at: inputs',
    expected: 'the record of the run in the state that L1 fixes',
    actual: `none of ${run}`,
  });
}
