// docs/disputes.md#see: which stages write rows of a dataset, by the definition that was deployed last.
import { deriveBatch, requireObject } from '../node/l1/derive.ts';
import type { NetworkNode } from '../node/node.ts';
import { decodeDefinition } from '../protocol/definition.ts';
import type { Metadata } from '../sdk/compile/definition.ts';

export type LiarTarget = {
  /** Numbers of the stages that write accepted rows. */
  readonly sinks: readonly number[];
};

/** Undefined while no workflow is deployed. */
export async function findDeploy({
  mirror,
  objects,
}: Pick<NetworkNode, 'mirror' | 'objects'>): Promise<LiarTarget | undefined> {
  const { batches } = await mirror.head();
  for (let index = batches - 1n; index >= 0n; index--) {
    const batch = await mirror.batch(index);
    if (batch === undefined) continue;
    for (const { message } of await deriveBatch(mirror, objects, batch)) {
      const deploy = message.message;
      if (deploy?.kind !== 'Deploy') continue;
      const { definition } = decodeDefinition(deploy.definition);
      const metadata = await requireObject(objects, definition.metadata, 'The metadata of a workflow');
      const { stages } = JSON.parse(new TextDecoder().decode(metadata)) as Metadata;
      return { sinks: stages.flatMap(({ kind }, stage) => (kind === 'sink' ? [stage] : [])) };
    }
  }
  return undefined;
}
