// docs/disputes.md#see: which stages are of a kind, by the definition that was deployed last.
import { deriveBatch, requireObject } from '../node/l1/derive.ts';
import type { NetworkNode } from '../node/node.ts';
import { decodeDefinition } from '../protocol/definition.ts';
import type { Metadata } from '../sdk/compile/definition.ts';

/** As the metadata names it: `sink` writes accepted rows, `model` is a provable model's. */
export type TargetKind = Metadata['stages'][number]['kind'];

/** Numbers of the stages; undefined while no workflow is deployed. */
export async function findStages(
  { mirror, objects }: Pick<NetworkNode, 'mirror' | 'objects'>,
  wanted: TargetKind,
): Promise<readonly number[] | undefined> {
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
      return stages.flatMap(({ kind }, stage) => (kind === wanted ? [stage] : []));
    }
  }
  return undefined;
}
