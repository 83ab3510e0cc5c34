// docs/sdk.md#reuse: a workflow file as if it ended with one of its operators. What only later operators use is then left out by the bundler.
import { type CallExpression, type Node, type Program, parse } from 'acorn';
import { constantsOf, type FileNames, identifierName, isCalm, isCalmOperator, namesOf, rootOf } from './calm.ts';
import type { OperatorDescription } from './describe-guest.ts';

export type Cuts = {
  /** Of each operator the file that ends with it; null: it cannot be told which of the file it needs. */
  readonly sources: readonly (string | null)[];
  /** Why not, for people. */
  readonly reason: string | null;
};

type Link = { readonly call: CallExpression; readonly method: string };
type Edit = { readonly start: number; readonly end: number; readonly text: string };

/** `code` is JavaScript. */
export function cutWorkflow(code: string, operators: readonly Pick<OperatorDescription, 'name' | 'label'>[]): Cuts {
  const none = (reason: string): Cuts => ({ sources: operators.map(() => null), reason });
  const program = parseModule(code);
  const names = namesOf(program);
  const exported = program.body.find((one) => one.type === 'ExportDefaultDeclaration');
  if (exported === undefined) return none('the workflow is not exported by `export default`');
  const links = linksOf(exported.declaration, program, names);
  if (links === null) return none('what is exported is no chain that begins with `dataset(…)` in this file');
  const ends = endsOf(links, operators);
  if (ends === null) return none('its operators are not those of the chain one by one');
  const edits = [...calmEdits(program, names), { start: exported.start, end: exported.end, text: '' }];
  const rest = edited(code, edits);
  let reason: string | null = null;
  const sources = ends.map((end) => {
    const loud = links.slice(end + 1).find(({ call }) => !isCalmOperator(call, names));
    if (loud !== undefined) reason = `what is given to .${loud.method}(…) runs code when the file is loaded`;
    const { call } = links[end] as Link;
    return loud === undefined ? `${rest}\nexport default (${code.slice(call.start, call.end)});\n` : null;
  });
  return { sources, reason };
}

/** The file with what changes nothing when it is loaded marked, so that it is left out where nobody uses it. */
export function markCalm(code: string): string {
  const program = parseModule(code);
  return edited(code, calmEdits(program, namesOf(program)));
}

function parseModule(code: string): Program {
  return parse(code, { ecmaVersion: 'latest', sourceType: 'module' });
}

function calmEdits(program: Program, names: FileNames): Edit[] {
  return constantsOf(program).flatMap(({ id, init }) => {
    if (id.type !== 'Identifier' || !init || !isCalm(init, names)) return [];
    const { start, end } = init;
    return [
      { start, end: start, text: '/* @__PURE__ */ (() => (' },
      { start: end, end, text: '))()' },
    ];
  });
}

function edited(code: string, edits: readonly Edit[]): string {
  let text = code;
  for (const { start, end, text: by } of [...edits].sort((a, b) => b.start - a.start || b.end - a.end))
    text = text.slice(0, start) + by + text.slice(end);
  return text;
}

/** The calls from `dataset(…)` on, through constants of the file. */
function linksOf(exported: Node, program: Program, names: FileNames): Link[] | null {
  const constants = new Map(
    constantsOf(program).flatMap(({ id, init }) => (init ? [[identifierName(id), init] as const] : [])),
  );
  const links: Link[] = [];
  let node: Node | undefined = exported;
  for (;;) {
    if (node?.type === 'Identifier') {
      const name = identifierName(node);
      node = constants.get(name);
      constants.delete(name);
      continue;
    }
    if (node?.type !== 'CallExpression') return null;
    const call = node as CallExpression;
    const { callee } = call;
    if (callee.type === 'Identifier') {
      const isRoot = names.chains.has(callee.name) && !constants.has(callee.name) && rootOf(call) === callee.name;
      return isRoot ? [{ call, method: 'dataset' }, ...links.reverse()] : null;
    }
    if (callee.type !== 'MemberExpression' || callee.computed || call.optional) return null;
    links.push({ call, method: identifierName(callee.property) ?? '' });
    node = callee.object;
  }
}

const METHODS = new Set(
  'map filter flatMap validate check generate classify score judge embed simulate dedupe aggregate join sort batch chunk limit sample split'.split(
    ' ',
  ),
);

/** Of each operator the link that makes it. */
function endsOf(
  links: readonly Link[],
  operators: readonly Pick<OperatorDescription, 'name' | 'label'>[],
): number[] | null {
  const ends: number[] = [];
  for (const [i, { call, method }] of links.entries()) {
    const [first] = call.arguments;
    const said = first?.type === 'Literal' && typeof first.value === 'string' ? first.value : null;
    const operator = operators[ends.length];
    if (method === 'dataset') {
      if (operator?.name === 'input') ends.push(i);
    } else if (method === 'converse') {
      if (said === null || operator?.name !== said) return null;
      const isTurn = (turn: number): boolean => {
        const one = operators[ends.length];
        return one?.label.startsWith('converse ') === true && one.name === (turn === 1 ? said : `${said}-${turn}`);
      };
      for (let turn = 1; isTurn(turn); turn++) ends.push(i);
    } else if (method !== 'groupBy') {
      if (!METHODS.has(method) || operator === undefined) return null;
      if (method === 'split' ? operator.name !== 'split' : said !== null && said !== operator.name) return null;
      ends.push(i);
    }
  }
  return ends.length === operators.length ? ends : null;
}
