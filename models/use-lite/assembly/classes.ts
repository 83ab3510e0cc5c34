// docs/edge.md#builtin: the classes of WordNet that the head knows, and which of them a label names.
import { Buffer } from "../../assembly/buffer";
import { joinWords } from "../../assembly/words";

const DOT: u32 = 0x2e;
const FOUND: u32 = 4;

/** Names in lower case, one after another, each behind its length. */
let names = new Buffer();
let count: u32 = 0;
let label = new Buffer();

export function addName(at: u32, bytes: u32): void {
  label.clear();
  joinWords(at, at + bytes, DOT, label);
  names.byte(label.length);
  names.bytes(label.at, label.length);
  count++;
}

/** `noun.animal`, `noun_animal` and `Noun Animal` name one class. `animal` names it too; `body` names two. Appends their numbers. */
export function findClasses(from: u32, end: u32, to: Buffer): void {
  label.clear();
  joinWords(from, end, DOT, label);
  let at = names.at;
  for (let i: u32 = 0; i < count; i++) {
    const length = u32(load<u8>(at));
    const name = at + 1;
    at = name + length;
    let short = name;
    while (short < at && load<u8>(short) != DOT) short++;
    if (!isLabel(name, at) && !isLabel(short + 1, at)) continue;
    store<u32>(to.reserve(FOUND), i);
    to.length += FOUND;
  }
}

function isLabel(from: u32, end: u32): bool {
  return from < end && end - from == label.length && memory.compare(from, label.at, label.length) == 0;
}
