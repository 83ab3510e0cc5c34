// docs/disputes.md#lies: hostile programs: a liar about each of them, and an honest executor whose every step over them is challenged.

import { DEVNET_CONFIG } from '../../contracts/config.ts';
import { createTrace } from '../../dispute/trace/trace.ts';
import { gatherTrace } from '../../dispute/trace/trace-input.ts';
import type { StepInput } from '../../node/transition.ts';
import { type Definition, encodeDefinition, hashWorkflow, objectsOfDefinition } from '../../protocol/definition.ts';
import { encodeInputs, hashRun, type Message } from '../../protocol/messages.ts';
import { LEAF_BYTES } from '../../protocol/tree.ts';
import { programToEntry } from '../../vm/entry.ts';
import { execStage } from '../kernel/world.fixture.ts';
import type { TestNetwork } from '../network/network.fixture.ts';
import { type Defended, openDefended } from './defended.ts';
import type { HostileProgram } from './hostile-programs.ts';
import { createCorpus, type Lie } from './lie.ts';
import type { Row } from './row.ts';
import { createSteps } from './steps.ts';
import { createLieWorld, type LieWorld } from './world.ts';

export type HostileWorld = LieWorld & { readonly programs: readonly HostileProgram[] };

/** Longer than a challenger can play for time. */
const TIMES = { windowSeconds: 300, unbondingSeconds: DEVNET_CONFIG.unbondingSeconds + 300 };
/** Of each program: Deploy, Run, Advance. */
const MESSAGES_EACH = 3;

/** One batch with a deploy, a run and a task of each. */
export async function createHostileWorld(programs: readonly HostileProgram[]): Promise<HostileWorld> {
  const world = await createLieWorld({ network: TIMES, messages: (network) => hostileMessages(network, programs) });
  return { ...world, programs };
}

/** Whatever a Deploy is refused for, its run and its task are sent all the same. */
export async function hostileMessages(
  { author }: TestNetwork,
  programs: readonly HostileProgram[],
): Promise<readonly Message[]> {
  const messages: Message[] = [];
  const [metadata] = await author.putAll([new TextEncoder().encode('{}')]);
  for (const hostile of programs) {
    const { program, wasm, gasLimit } = hostile;
    await author.putAll([program.code, program.memory, program.slots, program.data, wasm]);
    const stages = [execStage({ gasLimit, sink: true })];
    const definition: Definition = {
      programs: [programToEntry(hostile.program, hostile.wasm)],
      stages,
      metadata: metadata!,
    };
    const workflow = hashWorkflow(definition);
    const encoded = encodeDefinition(definition, await author.certify(objectsOfDefinition(definition)));
    const nonce = BigInt(messages.length / MESSAGES_EACH) * 2n;
    const inputs = await author.putAll([new TextEncoder().encode(hostile.name)]);
    messages.push(
      await author.sign({ kind: 'Deploy', nonce, maxFee: 10n ** 18n, definition: encoded }),
      await author.sign({
        kind: 'Run',
        nonce: nonce + 1n,
        workflow,
        maxCost: 10n ** 12n,
        maxItemCost: 0n,
        maxInferenceCost: 0n,
        gateways: [],
        taskGasLimit: gasLimit,
        deadline: author.deadline,
        inputs: encodeInputs(inputs, await author.certify(inputs)),
      }),
      { kind: 'Advance', run: hashRun(author.address, nonce + 1n, workflow), stage: 0, partition: 0 },
    );
  }
  return messages;
}

/** About each program that was run, another result, told from the middle of the step's trace on; about the others that they were deployed. */
export async function hostileLies(world: HostileWorld): Promise<Lie[]> {
  const { after, changed, outcomeOf, withExec } = createSteps(world);
  const { lies, add } = createCorpus(after);
  const first = world.inputs.length - world.programs.length * MESSAGES_EACH;
  for (const [i, { name }] of world.programs.entries()) {
    const [deploy, task] = [first + i * MESSAGES_EACH, first + i * MESSAGES_EACH + 2];
    const [exec] = (await outcomeOf(task)).touched.execs;
    if (exec === undefined) {
      add(`hostile: ${name}: refused and told as deployed`, deploy, changed(deploy, 8));
      continue;
    }
    const { result } = exec;
    const leaf = world.steps.slice(task * LEAF_BYTES, (task + 1) * LEAF_BYTES);
    const trace = createTrace(await gatherTrace(world.node, leaf, world.inputs[task] as StepInput));
    const from = trace.length() / 2n;
    const told = withExec(task, { ...result, status: result.status === 0 ? 1 : 0 });
    add(`hostile: ${name}: ended with ${result.status} and told as another end`, task, told, { from });
    add(`hostile: ${name}: one gas less`, task, withExec(task, { ...result, gasUsed: result.gasUsed - 1n }));
  }
  return lies;
}

/** The network of an honest executor that has these programs to run. */
export function openHostileDefended(programs: readonly HostileProgram[]): Promise<Defended> {
  return openDefended((network) => hostileMessages(network, programs));
}

/** One row: each step of a true assertion over them is challenged at once. */
export async function* playHostileDefended({ rows }: Defended): AsyncGenerator<Row> {
  for await (const row of rows((name) => name.startsWith('fake: each of ')))
    yield { ...row, lie: row.lie.replace('fake: ', 'hostile: ') };
}
