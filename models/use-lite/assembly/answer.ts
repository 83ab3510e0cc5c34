// docs/models.md#use-lite: what the model answers: a vector, or a label. All else is a failure of the row.
import { Buffer } from "../../assembly/buffer";
import {
  endOf,
  field,
  firstItem,
  firstName,
  integerOf,
  isList,
  isText,
  isWord,
  nextItem,
  nextName,
  valueOf,
} from "../../assembly/json";
import {
  findText,
  foundFrom,
  foundTo,
  hasImages,
  lastQuestion,
  messageProblem,
  readContent,
} from "../../assembly/request";
import { writeAnswer, writeFailure } from "../../assembly/results";
import { VECTOR_BYTES, embedText, writeVector } from "./embed";
import { VECTOR_SIZE } from "./encoder";
import { chooseLabel, lastConfidence } from "./labels";

const MAX_LABELS: u32 = 256;
const UNUSABLE: string =
  "The model answers with a label or with a vector. The schema is no object with one field of an enum of texts and at most a number 'confidence' beside it, no such enum, and no list of 512 integers.";

let text = new Buffer();
let content = new Buffer();
let vector: u32 = 0;

/** Takes its memory. */
export function reserveAnswer(): void {
  vector = u32(heap.alloc(VECTOR_BYTES));
}

export function vectorAt(): u32 {
  return vector;
}

export function answer(request: u32): void {
  const messages = field(request, "messages");
  if (hasImages(messages)) return writeFailure("edge/no-images", "The model datavm/use-lite takes no images.");
  const problem = messageProblem(messages);
  if (problem.length > 0) return writeFailure("edge/bad-request", problem);
  const format = field(request, "response_format");
  const schema = field(field(format, "json_schema"), "schema");
  const question = lastQuestion(messages);
  text.clear();
  content.clear();
  readContent(question, text);
  if (isVector(schema)) {
    const tokens = embedText(text.at, text.at + text.length, vector);
    writeVector(vector, content);
    return writeAnswer(content, tokens);
  }
  const labels = labelsOf(schema);
  if (labels == 0) return writeFailure("edge/unusable-schema", UNUSABLE);
  findText(text);
  const tokens = embedText(foundFrom(), foundTo(), vector);
  const label = chooseLabel(labels, messages, question, foundFrom(), foundTo(), vector);
  writeLabel(schema, label);
  writeAnswer(content, tokens);
}

/** A list of exactly 512 integers. */
function isVector(schema: u32): bool {
  const size = i32(VECTOR_SIZE);
  return (
    isWord(field(schema, "type"), "array") &&
    isWord(field(field(schema, "items"), "type"), "integer") &&
    integerOf(field(schema, "minItems"), -1) == size &&
    integerOf(field(schema, "maxItems"), -1) == size
  );
}

/** The list of labels of a schema that asks for one; 0 if it asks for anything else. */
function labelsOf(schema: u32): u32 {
  if (isLabels(field(schema, "enum"))) return field(schema, "enum");
  let labels: u32 = 0;
  for (let name = firstName(field(schema, "properties")); name != 0; name = nextName(name)) {
    const list = field(valueOf(name), "enum");
    if (isLabels(list) && labels == 0) labels = list;
    else if (!isConfidence(name)) return 0;
  }
  return labels;
}

function isConfidence(name: u32): bool {
  return isWord(name, "confidence") && isWord(field(valueOf(name), "type"), "number");
}

function isLabels(list: u32): bool {
  let count: u32 = 0;
  for (let item = firstItem(list); item != 0; item = nextItem(item)) if (!isText(item) || ++count > MAX_LABELS) return false;
  return count > 0;
}

/** In the order of the schema's fields. */
function writeLabel(schema: u32, label: u32): void {
  if (isList(field(schema, "enum"))) return content.bytes(label, endOf(label) - label);
  content.byte(0x7b);
  const properties = field(schema, "properties");
  for (let name = firstName(properties); name != 0; name = nextName(name)) {
    if (name != firstName(properties)) content.byte(0x2c);
    content.bytes(name, endOf(name) - name);
    content.byte(0x3a);
    if (isConfidence(name)) writeShare(lastConfidence());
    else content.bytes(label, endOf(label) - label);
  }
  content.byte(0x7d);
}

/** As JSON.stringify writes so many thousandths. */
function writeShare(thousandths: u32): void {
  content.integer(thousandths / 1000);
  let rest = thousandths % 1000;
  if (rest == 0) return;
  content.byte(0x2e);
  for (let unit: u32 = 100; rest > 0; unit /= 10) {
    content.byte(0x30 + rest / unit);
    rest %= unit;
  }
}
