// docs/models.md#use-lite: which label a text gets: of the classes that the head knows, or the label, or the example, that is nearest.
import { Buffer } from "../../assembly/buffer";
import {
  endOf,
  field,
  firstItem,
  firstName,
  isObject,
  isSame,
  isText,
  isWord,
  checkJson,
  nextItem,
  readText,
  valueOf,
} from "../../assembly/json";
import { findText, foundFrom, foundTo, readContent } from "../../assembly/request";
import { findClasses } from "./classes";
import { VECTOR_BYTES, embedText } from "./embed";
import { VECTOR_SIZE, dot } from "./encoder";
import { bestClass, classShare, scoreClasses } from "./head";

const ITEM: u32 = 4;

/** The bytes of the labels that what follows is of. */
let known = new Buffer();
/** Numbers of the classes that labels name, and of each the place of its label. */
let classes = new Buffer();
let owners = new Buffer();
/** The vectors of the labels, if they name no classes. */
let vectors = new Buffer();

/** The bytes of the examples that what follows is of. */
let shown = new Buffer();
let examples = new Buffer();
let exampleLabels = new Buffer();

let text = new Buffer();
let best: u32 = 0;
/** In thousandths: an image holds no floats that change. */
let confidence: u32 = 0;

/** How sure the last choice was, from 0 to 1000. */
export function lastConfidence(): u32 {
  return confidence;
}

/**
 * @param labels list of at least one text
 * @param messages those before the question may show examples
 * @returns the label, as it stands in the list
 */
export function chooseLabel(labels: u32, messages: u32, question: u32, from: u32, end: u32, vector: u32): u32 {
  learnLabels(labels);
  learnExamples(labels, messages, question);
  if (examples.length > 0) {
    nearest(examples, vector);
    best = wordAt(exampleLabels, best);
  } else if (classes.length > 0) {
    scoreClasses(vector, from, end);
    const place = bestClass(classes);
    confidence = thousandths(classShare(classes, place));
    best = wordAt(owners, place);
  } else nearest(vectors, vector);
  let label = firstItem(labels);
  for (let i: u32 = 0; i < best; i++) label = nextItem(label);
  return label;
}

function nearest(list: Buffer, vector: u32): void {
  best = 0;
  let most: f32 = -2;
  for (let i: u32 = 0; i < list.length / VECTOR_BYTES; i++) {
    const likeness = dot(list.at + i * VECTOR_BYTES, vector, VECTOR_SIZE);
    if (likeness <= most) continue;
    most = likeness;
    best = i;
  }
  confidence = thousandths(most);
}

function thousandths(share: f32): u32 {
  return u32(max<f64>(0, min<f64>(1000, floor(f64(share) * 1000 + 0.5))));
}

function learnLabels(labels: u32): void {
  const length = endOf(labels) - labels;
  if (known.length == length && memory.compare(known.at, labels, length) == 0) return;
  known.clear();
  known.bytes(labels, length);
  // Examples belong to labels.
  shown.clear();
  classes.clear();
  owners.clear();
  vectors.clear();
  let place: u32 = 0;
  for (let label = firstItem(labels); label != 0; label = nextItem(label), place++) {
    text.clear();
    readText(label, text);
    findClasses(text.at, text.at + text.length, classes);
    while (owners.length < classes.length) addWord(owners, place);
  }
  if (classes.length > 0) return;
  for (let label = firstItem(labels); label != 0; label = nextItem(label)) {
    text.clear();
    readText(label, text);
    embedInto(vectors, text.at, text.at + text.length);
  }
}

/** Pairs of a user's text and the assistant's label before the question. */
function learnExamples(labels: u32, messages: u32, question: u32): void {
  const begin = firstItem(messages);
  const length = question - begin;
  if (length > 0 && shown.length == length && memory.compare(shown.at, begin, length) == 0) return;
  shown.clear();
  shown.bytes(begin, length);
  examples.clear();
  exampleLabels.clear();
  let asked: u32 = 0;
  for (let message = begin; message != 0 && message < question; message = nextItem(message)) {
    const role = field(message, "role");
    if (isWord(role, "user")) asked = message;
    if (!isWord(role, "assistant") || asked == 0) continue;
    const place = saidLabel(labels, message);
    if (place >= 0) {
      addWord(exampleLabels, place);
      text.clear();
      readContent(asked, text);
      findText(text);
      embedInto(examples, foundFrom(), foundTo());
    }
    asked = 0;
  }
}

/** The place of the label that is all of what the assistant said, or the first text of the object that it is; -1 if it is none. */
function saidLabel(labels: u32, message: u32): i32 {
  text.clear();
  readContent(message, text);
  const end = text.at + text.length;
  // Behind its last byte stands no more of it.
  text.byte(0);
  const isWhole = !checkJson(text.at, end);
  let said: u32 = 0;
  if (!isWhole && isText(text.at)) said = text.at;
  if (!isWhole && isObject(text.at)) {
    for (let name = firstName(text.at); name != 0 && said == 0; ) {
      if (isText(valueOf(name))) said = valueOf(name);
      name = nextItem(valueOf(name));
    }
  }
  if (!isWhole && said == 0) return -1;
  let place = 0;
  for (let label = firstItem(labels); label != 0; label = nextItem(label), place++) {
    if (isWhole) {
      decoded.clear();
      readText(label, decoded);
      if (decoded.length == end - text.at && memory.compare(decoded.at, text.at, decoded.length) == 0) return place;
    } else if (isSame(label, said)) return place;
  }
  return -1;
}

let decoded = new Buffer();

function embedInto(list: Buffer, from: u32, end: u32): void {
  const to = list.reserve(VECTOR_BYTES);
  list.length += VECTOR_BYTES;
  embedText(from, end, to);
}

function wordAt(list: Buffer, i: u32): u32 {
  return load<u32>(list.at + ITEM * i);
}

function addWord(list: Buffer, value: u32): void {
  store<u32>(list.reserve(ITEM), value);
  list.length += ITEM;
}
