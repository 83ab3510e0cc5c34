// docs/models.md#llama-schemas: which tokens may come next, if the request has a schema.
import { field, isWord } from "../../assembly/json";
import { beginGrammar, canEnd, canFollow, follow, mustEnd, reserveGrammar } from "./grammar";
import { beginNodes, NODE_MAP, readSchema, whyNot } from "./schema";
import { isStop } from "./stops";
import { pieceEnd, pieceStart } from "./tokenize";

const SPACE: u8 = 0x20;

let constrained: bool = false;
/** Whether SentencePiece's space before the first word is still to come. */
let isFirst: bool = false;

export function reserveConstraint(): void {
  reserveGrammar();
}

/** `format` is 0 if there is none. False if the schema cannot be held to. */
export function beginConstraint(format: u32, dropsSpace: bool): bool {
  constrained = false;
  isFirst = dropsSpace;
  const type = field(format, "type");
  if (type == 0 || isWord(type, "text")) return true;
  beginNodes();
  const schema = field(field(format, "json_schema"), "schema");
  const node = schema == 0 ? <i32>NODE_MAP : readSchema(schema);
  if (node < 0) return false;
  constrained = true;
  beginGrammar(node);
  return true;
}

export function schemaProblem(): string {
  return whyNot();
}

export function isConstrained(): bool {
  return constrained;
}

/** Whether the answer is whole and nothing can follow. */
export function isEnded(): bool {
  return mustEnd();
}

export function allows(token: u32): bool {
  if (isStop(token)) return canEnd();
  const start = firstByte(token);
  const end = pieceEnd(token);
  return start < end && canFollow(start, end);
}

export function accept(token: u32): void {
  follow(firstByte(token), pieceEnd(token));
  isFirst = false;
}

function firstByte(token: u32): u32 {
  const start = pieceStart(token);
  return isFirst && start < pieceEnd(token) && load<u8>(start) == SPACE ? start + 1 : start;
}
