// docs/sdk.md#reuse: expressions whose evaluation changes nothing that anything else could see. What is not used of them may be left out.
import type { ArrowFunctionExpression, CallExpression, Node, Program, VariableDeclarator } from 'acorn';

/** What the names at the top of a file mean. */
export type FileNames = {
  /** `dataset`, and constants that are a chain. */
  readonly chains: ReadonlySet<string>;
  /** `z`, and constants that are a schema. */
  readonly schemas: ReadonlySet<string>;
  /** `input`, which only says what is joined. */
  readonly inputs: ReadonlySet<string>;
  readonly declared: ReadonlySet<string>;
};

/** Of zod: what keeps something elsewhere, or runs functions that it is given. */
const LOUD_SCHEMA =
  /^(register|config|meta|describe|globalRegistry|apply|implement|parse|safe|encode|decode|add|clear)/;
const CALM_GLOBALS = new Set(['Object.freeze', 'Object.fromEntries', 'Object.entries', 'Object.keys', 'Object.values']);
const CALM_CASTS = new Set(['String', 'Number', 'Boolean', 'BigInt']);
const CALM_CLASSES = new Set(['Set', 'Map', 'RegExp']);

export function constantsOf(program: Program): VariableDeclarator[] {
  return program.body.flatMap((statement) => {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    return declaration?.type === 'VariableDeclaration' && declaration.kind === 'const' ? declaration.declarations : [];
  });
}

export function namesOf(program: Program): FileNames {
  const chains = new Set<string>();
  const schemas = new Set<string>();
  const inputs = new Set<string>();
  const declared = new Set<string>();
  for (const statement of program.body) {
    if (statement.type !== 'ImportDeclaration') continue;
    const from = String(statement.source.value);
    for (const one of statement.specifiers) {
      declared.add(one.local.name);
      const name = one.type === 'ImportSpecifier' && one.imported.type === 'Identifier' ? one.imported.name : null;
      if (/^zod(\/|$)/.test(from) || (from === 'mizu' && name === 'z')) schemas.add(one.local.name);
      if (from === 'mizu' && name === 'dataset') chains.add(one.local.name);
      if (from === 'mizu' && name === 'input') inputs.add(one.local.name);
    }
  }
  for (const { id, init } of constantsOf(program)) {
    if (id.type !== 'Identifier') continue;
    declared.add(id.name);
    const root = init?.type === 'CallExpression' ? rootOf(init) : null;
    if (root !== null && schemas.has(root)) schemas.add(id.name);
    if (root !== null && chains.has(root)) chains.add(id.name);
  }
  return { chains, schemas, inputs, declared };
}

/** `own`: parameters of the function whose body it is. */
export function isCalm(node: Node | null | undefined, names: FileNames, own: ReadonlySet<string> = new Set()): boolean {
  if (node === null || node === undefined) return true;
  const calm = (one: unknown): boolean => isCalm(one as Node | null, names, own);
  const part = node as unknown as Record<string, unknown>;
  switch (node.type) {
    case 'Literal':
    case 'Identifier':
    case 'ArrowFunctionExpression':
    case 'FunctionExpression':
      return true;
    case 'TemplateLiteral':
      return (part.expressions as Node[]).every(calm);
    case 'ArrayExpression':
      return (part.elements as Node[]).every(calm);
    case 'ObjectExpression':
      return (part.properties as Node[]).every(calm);
    case 'Property':
      return (part.computed !== true || calm(part.key)) && calm(part.value);
    case 'SpreadElement':
    case 'ParenthesizedExpression':
    case 'ChainExpression':
      return calm(part.argument ?? part.expression);
    case 'UnaryExpression':
      return part.operator !== 'delete' && calm(part.argument);
    case 'BinaryExpression':
    case 'LogicalExpression':
      return calm(part.left) && calm(part.right);
    case 'ConditionalExpression':
      return calm(part.test) && calm(part.consequent) && calm(part.alternate);
    case 'MemberExpression':
      return calm(part.object) && (part.computed !== true || calm(part.property));
    case 'NewExpression':
      return isGlobal(part.callee as Node, CALM_CLASSES, names) && (part.arguments as Node[]).every(calm);
    case 'CallExpression':
      return isCalmCall(node as CallExpression, names, own);
    default:
      return false;
  }
}

/** What an operator of a chain is given: also that which `aggregate` and `join` call at once. */
export function isCalmOperator({ callee, arguments: args }: CallExpression, names: FileNames): boolean {
  if (!args.every((arg) => isCalm(arg, names))) return false;
  const method = callee.type === 'MemberExpression' ? identifierName(callee.property) : null;
  if (method === 'aggregate') return isCalmFunction(args[1], names);
  if (method !== 'join' || args[1]?.type === 'ArrowFunctionExpression') return true;
  const [, , options] = args;
  if (options?.type !== 'ObjectExpression') return false;
  return options.properties.every(
    (one) => one.type === 'Property' && (identifierName(one.key) !== 'key' || isCalmFunction(one.value, names)),
  );
}

function isCalmFunction(node: Node | undefined, names: FileNames): boolean {
  if (node?.type !== 'ArrowFunctionExpression') return false;
  const { params, body, async } = node as ArrowFunctionExpression;
  const own = new Set(params.flatMap((one) => (one.type === 'Identifier' ? [one.name] : [])));
  return !async && own.size === params.length && body.type !== 'BlockStatement' && isCalm(body, names, own);
}

function isCalmCall(call: CallExpression, names: FileNames, own: ReadonlySet<string>): boolean {
  const { callee, arguments: args } = call;
  if (!args.every((arg) => isCalm(arg, names, own))) return false;
  if (callee.type === 'Identifier')
    return names.chains.has(callee.name) || names.inputs.has(callee.name) || isGlobal(callee, CALM_CASTS, names);
  if (callee.type !== 'MemberExpression' || callee.computed) return false;
  const { object } = callee;
  const method = identifierName(callee.property) ?? '';
  if (object.type === 'Identifier' && CALM_GLOBALS.has(`${object.name}.${method}`))
    return !names.declared.has(object.name);
  // A text's own methods; what they might call is a function.
  if (object.type === 'TemplateLiteral' || (object.type === 'Literal' && typeof object.value === 'string'))
    return isCalm(object, names, own) && args.every(({ type }) => type === 'Literal');
  const root = rootOf(object);
  if (root === null || !isCalm(object, names, own)) return false;
  if (own.has(root)) return true;
  if (names.schemas.has(root)) return !LOUD_SCHEMA.test(method);
  return names.chains.has(root) && isCalmOperator(call, names);
}

function isGlobal(node: Node, allowed: ReadonlySet<string>, { declared }: FileNames): boolean {
  const name = identifierName(node);
  return name !== null && allowed.has(name) && !declared.has(name);
}

/** The name that a chain of calls and fields begins with. */
export function rootOf(node: Node): string | null {
  if (node.type === 'CallExpression') return rootOf((node as CallExpression).callee);
  if (node.type === 'MemberExpression') return rootOf((node as unknown as { object: Node }).object);
  return identifierName(node);
}

export function identifierName(node: Node): string | null {
  return node.type === 'Identifier' ? (node as unknown as { name: string }).name : null;
}
