// docs/edge.md#builtin: fills a JSON schema from a text, by the type and name of each field.
import { MizuError } from '../../../protocol/errors.ts';
import type { JsonSchema } from '../backend.ts';
import { LEXICOGRAPHER_CLASSES } from './classes.ts';
import type { LoadClassifier } from './classifier.ts';
import { makeCloze, salientWords, sentences } from './extract.ts';
import { words } from './features.ts';

const MAX_DEPTH = 8;
const MAX_ITEMS = 16;
const DEFAULT_ITEMS = 5;
const FULL_SCORE_WORDS = 40;
const MAX_LABEL_SETS = 64;
const MAX_LABELS_CHARS = 16 * 1024;
/** The most characters of the text that are looked at, in all: a schema of many fields looks at the text many times. */
const MAX_LOOKS = 4 * 1024 * 1024;
const LOOKS_A_VALUE = 1_024;
const LOOKS_A_CLOZE = 16;
const CHARS_A_WORD = 8;

type Filling = {
  readonly load: LoadClassifier;
  readonly text: string;
  readonly root: JsonSchema;
  readonly turn: number;
  /** The confidence of the last classification; undefined before the first. */
  confidence: number | undefined;
  tooEarly?: boolean;
  /** Shared by all parts. */
  readonly budget: { looks: number };
};

/**
 * A value of the schema: enums are classified, `confidence` is that of the classification, strings are extracted.
 * @throws MizuError `edge/unusable-schema` if the schema asks for too much of the text
 */
export function fillSchema(schema: JsonSchema, text: string, seed: number, load: LoadClassifier): unknown {
  const turn = Math.abs(Math.trunc(seed)) || 0;
  const filling: Filling = { load, text, root: schema, turn, confidence: undefined, budget: { looks: MAX_LOOKS } };
  const value = fill(schema, '', filling, 0);
  // Once more, if a confidence stands before the field that it belongs to.
  return filling.tooEarly ? fill(schema, '', filling, 0) : value;
}

/**
 * The best label of the enum and how sure it is. Labels that are no lexicographer classes count their words in the
 * text.
 */
function classifyInto(
  labels: readonly string[],
  { text, load }: Filling,
): { readonly label: string; readonly confidence: number } {
  const { classesOf, allowed } = matchLabels(labels);
  if (allowed.length > 0) {
    const { class: best, confidence } = load().classify(text, allowed);
    return { label: labels[classesOf.findIndex((classes) => classes.includes(best))] as string, confidence };
  }
  const present = words(text);
  const counts = labels.map((label) => words(label).reduce((sum, word) => sum + count(present, word), 0));
  const best = counts.indexOf(Math.max(...counts));
  const total = counts.reduce((sum, n) => sum + n, 0);
  return { label: labels[best] as string, confidence: total === 0 ? 0 : share(counts[best] as number, total) };
}

function fill(schema: JsonSchema, name: string, filling: Filling, depth: number): unknown {
  if (depth > MAX_DEPTH) return null;
  look(filling, 1);
  const target = resolve(schema, filling.root);
  if ('const' in target) return target.const;
  if (Array.isArray(target.enum)) return fillEnum(target.enum, filling);
  const type = Array.isArray(target.type) ? target.type.find((one) => one !== 'null') : target.type;
  if (type === 'object' || (type === undefined && target.properties !== undefined)) {
    const properties = Object.entries((target.properties ?? {}) as Record<string, JsonSchema>);
    return Object.fromEntries(properties.map(([key, part]) => [key, fill(part, key, filling, depth + 1)]));
  }
  if (type === 'array') return fillArray(target, name, filling, depth);
  if (type === 'number' || type === 'integer') return fillNumber(target, name, type === 'integer', filling);
  if (type === 'boolean') return words(filling.text).length > 0;
  if (type === 'null') return null;
  return fitLength(fillString(name, filling), target);
}

// The work is bounded by the characters that are looked at, not by a clock: every machine gives up at the same schemas.
function look({ text, budget }: Filling, times: number): void {
  budget.looks -= LOOKS_A_VALUE + times * text.length;
  if (budget.looks >= 0) return;
  throw new MizuError({
    code: 'edge/unusable-schema',
    message: 'The schema has too many values for a text of this length.',
    expected: `at most ${MAX_LOOKS} characters looked at, ${LOOKS_A_VALUE} and the text for each value`,
    actual: 'more',
    hint: 'Ask for fewer fields, or cut the text.',
  });
}

function fillEnum(values: readonly unknown[], filling: Filling): unknown {
  const labels = values.filter((value) => typeof value === 'string');
  if (labels.length === 0) return values[0];
  look(filling, Math.ceil(labels.length / CHARS_A_WORD));
  const { label, confidence } = classifyInto(labels, filling);
  filling.confidence = confidence;
  return label;
}

function fillArray(schema: JsonSchema, name: string, filling: Filling, depth: number): unknown[] {
  const items = resolve((schema.items ?? {}) as JsonSchema, filling.root);
  const least = clampCount(schema.minItems, 0);
  const most = Math.max(least, clampCount(schema.maxItems, DEFAULT_ITEMS));
  const isText = items.type === 'string' && items.enum === undefined;
  if (isText) {
    const found = name === 'sentences' ? sentences(filling.text) : salientWords(filling.text);
    const filled = found.slice(0, most);
    while (filled.length < least) filled.push(filled.at(-1) ?? filling.text);
    return filled.map((text) => fitLength(text, items));
  }
  const turns = Math.max(least, 1);
  return Array.from({ length: Math.min(turns, most) }, (_, i) => {
    const part: Filling = { ...filling, turn: filling.turn + i };
    const value = fill(items, name, part, depth + 1);
    filling.confidence = part.confidence;
    filling.tooEarly ||= part.tooEarly === true;
    return value;
  });
}

// `score` and similar numbers grow with the count of distinct words up to 40; `confidence` is that of the
// classification.
function fillNumber(schema: JsonSchema, name: string, whole: boolean, filling: Filling): number {
  const least = typeof schema.minimum === 'number' ? schema.minimum : 0;
  const most = typeof schema.maximum === 'number' ? schema.maximum : least + 1;
  const value = least + Math.floor((most - least) * thousandths(name, filling)) / 1000;
  return whole ? Math.floor(value) : value;
}

function thousandths(name: string, filling: Filling): number {
  if (name !== 'confidence') {
    return (1000 * Math.min(FULL_SCORE_WORDS, new Set(words(filling.text)).size)) / FULL_SCORE_WORDS;
  }
  if (filling.confidence === undefined) filling.tooEarly = true;
  return Math.round((filling.confidence ?? 0) * 1000);
}

function fillString(name: string, filling: Filling): string {
  const { text, turn } = filling;
  if (name === 'question' || name === 'answer') look(filling, LOOKS_A_CLOZE);
  if (name === 'question') return makeCloze(text, turn).question;
  if (name === 'answer') return makeCloze(text, turn).answer;
  if (name === 'text') return text;
  if (/keyword|topic|title/.test(name)) return salientWords(text).slice(0, 3).join(' ') || text;
  return sentences(text)[0] as string;
}

function fitLength(text: string, schema: JsonSchema): string {
  const most = typeof schema.maxLength === 'number' ? schema.maxLength : Number.POSITIVE_INFINITY;
  const least = typeof schema.minLength === 'number' ? schema.minLength : 0;
  const points = Array.from(text);
  const cut = points.length > most ? points.slice(0, most).join('') : text;
  return points.length < least ? cut.padEnd(Math.min(least, 1000), '.') : cut;
}

// Follows `#/…` references, and takes the first branch of anyOf and oneOf that is not null.
function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  let target = schema;
  for (let i = 0; i < MAX_DEPTH; i++) {
    const branches = (target.anyOf ?? target.oneOf ?? target.allOf) as readonly JsonSchema[] | undefined;
    if (typeof target.$ref === 'string') target = lookUp(root, target.$ref);
    else if (Array.isArray(branches)) target = branches.find((branch) => branch.type !== 'null') ?? {};
    else return target;
  }
  return {};
}

function lookUp(root: JsonSchema, reference: string): JsonSchema {
  if (!reference.startsWith('#')) return {};
  const path = reference.split('/').slice(1);
  return path.reduce<JsonSchema>((at, key) => (at?.[key] ?? {}) as JsonSchema, root);
}

const CLASS_NAMES = LEXICOGRAPHER_CLASSES.map((name) => {
  const whole = name.toLowerCase();
  return { whole, last: whole.slice(whole.indexOf('.') + 1) };
});

type Labels = { readonly classesOf: readonly number[][]; readonly allowed: readonly number[] };

const matched = new Map<string, Labels>();

// One workflow may ask with the same labels a million times, so they are kept.
function matchLabels(labels: readonly string[]): Labels {
  const key = labels.join('\n');
  const known = matched.get(key);
  if (known !== undefined) return known;
  const classesOf = labels.map(matchClasses);
  const found = { classesOf, allowed: classesOf.flat() };
  if (key.length > MAX_LABELS_CHARS) return found;
  if (matched.size >= MAX_LABEL_SETS) matched.delete(matched.keys().next().value as string);
  matched.set(key, found);
  return found;
}

// `noun.animal`, `noun_animal` and `Noun Animal` name one class. `animal` names it too; `body` names two, one of nouns
// and one of verbs.
function matchClasses(label: string): number[] {
  const normal = words(label).join('.');
  return CLASS_NAMES.flatMap(({ whole, last }, i) => (whole === normal || last === normal ? [i] : []));
}

function count(list: readonly string[], word: string): number {
  return list.filter((one) => one === word).length;
}

function share(part: number, total: number): number {
  return Math.floor((1000 * part) / total) / 1000;
}

function clampCount(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? Math.min(MAX_ITEMS, Math.max(0, value)) : otherwise;
}
