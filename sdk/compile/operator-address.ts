// docs/sdk.md#reuse: what an operator's result depends on, as one hash, and what has changed between two runs of a workflow.
import type { Hex } from '../../protocol/hex.ts';
import { keccakHex } from '../../protocol/tree.ts';
import { canonical } from '../runtime/canonical.ts';
import type { OperatorCode, OperatorCodes } from './operator-code.ts';

/** All that decides on the results of a workflow's operators. */
export type OperatorFacts = OperatorCodes & {
  readonly inputsHash: Hex;
  /** Who answers for a model, by its name: what is said here besides the operator's own options. */
  readonly endpoints: Readonly<Record<string, unknown>>;
};

/** Of each operator, up to and with it. */
export function operatorAddresses({ toolchain, operators, inputsHash, endpoints }: OperatorFacts): Hex[] {
  const asked: [string, unknown][] = [];
  return operators.map((operator) => {
    const model = modelOf(operator);
    if (model !== undefined) asked.push([model, endpoints[model] ?? null]);
    const facts = canonical([toolchain, operator.code, inputsHash, asked]);
    return keccakHex(new TextEncoder().encode(`mizu/operator-address\n${facts}`));
  });
}

export type WorkflowChange =
  | { readonly kind: 'toolchain' }
  | { readonly kind: 'input'; readonly before: Hex; readonly now: Hex }
  /** `settings`: each as `temperature 0 → 1`. */
  | { readonly kind: 'settings'; readonly operator: string; readonly settings: readonly string[] }
  | { readonly kind: 'endpoint'; readonly operator: string; readonly model: string }
  | { readonly kind: 'code'; readonly operator: string };

/** The first reason why the address of the operator at this place is another one than it was; undefined: it is the same. */
export function firstChange(before: OperatorFacts, now: OperatorFacts, place: number): WorkflowChange | undefined {
  if (before.toolchain !== now.toolchain) return { kind: 'toolchain' };
  if (before.inputsHash !== now.inputsHash) return { kind: 'input', before: before.inputsHash, now: now.inputsHash };
  for (const [i, operator] of now.operators.slice(0, place + 1).entries()) {
    const { name, code } = operator;
    const old = before.operators[i];
    const settings = old?.name === name ? changedSettings(old, operator) : [];
    if (settings.length > 0) return { kind: 'settings', operator: name, settings };
    if (old?.code !== code) return { kind: 'code', operator: name };
    const model = modelOf(operator);
    if (model === undefined) continue;
    const [was, is] = [before.endpoints[model] ?? null, now.endpoints[model] ?? null];
    if (canonical(was) !== canonical(is)) return { kind: 'endpoint', operator: name, model };
  }
  return undefined;
}

export function describeChange(change: WorkflowChange): string {
  switch (change.kind) {
    case 'toolchain':
      return 'the toolchain has changed: this is another version of mizu';
    case 'input':
      return `the input has changed: ${change.before} before, ${change.now} now`;
    case 'settings':
      return `model settings of operator '${change.operator}' have changed: ${change.settings.join(', ')}`;
    case 'endpoint':
      return `who answers for the model ${change.model} of operator '${change.operator}' has changed`;
    case 'code':
      return `the code of operator '${change.operator}' has changed, or what it uses`;
  }
}

function changedSettings(before: OperatorCode, now: OperatorCode): string[] {
  const [old, own] = [before.settings ?? {}, now.settings ?? {}];
  return Object.keys(own).flatMap((key) =>
    key in old && old[key] !== own[key] ? [`${key} ${old[key] ?? 'unsaid'} → ${own[key] ?? 'unsaid'}`] : [],
  );
}

function modelOf({ settings }: OperatorCode): string | undefined {
  return settings === undefined ? undefined : String(settings.model);
}
