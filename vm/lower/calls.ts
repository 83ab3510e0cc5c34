// docs/vm.md#lowering: calls of functions, through the table, and of the host.
import { IMMEDIATE_BIT, OP } from '../../protocol/isa.ts';
import { HOST_FUNCTIONS } from '../host-functions.ts';
import { type FunctionType, typeOfFunction } from '../wasm/module.ts';
import { type FunctionDraft, seeNans, startBlock } from './draft.ts';
import { CALL_SLACK, recordSlot } from './frame.ts';
import { emitMove } from './operands.ts';

export function lowerDirectCall(d: FunctionDraft, index: number, target: number): void {
  const callee = typeOfFunction(d.module, target);
  const imported = d.module.imports[target];
  if (imported !== undefined) {
    lowerHostCall(d, index, imported.name, callee);
    return;
  }
  lowerCall(d, index, callee, (position) => {
    d.context.calls.push({ at: d.code.length(), target });
    d.emit(OP.call, position, recordSlot(callee));
  });
}

function lowerHostCall(d: FunctionDraft, index: number, name: string, callee: FunctionType): void {
  const host = HOST_FUNCTIONS.get(name)!;
  const first = d.operands.height() - callee.params.length;
  seeNans(d, first);
  d.operands.settle(first);
  if (host.name === 'preimage') {
    d.operands.reserve(d.operands.height() + 1);
    d.emit(OP.mov | IMMEDIATE_BIT, d.operands.slot(d.operands.height()));
  }
  d.operands.reserve(first + 1);
  d.emit(OP[host.name], d.operands.slot(first));
  d.operands.reset(first, callee.results.length);
  startBlock(d, index);
}

export function lowerIndirectCall(d: FunctionDraft, index: number, typeIndex: number): void {
  const callee = d.module.types[typeIndex]!;
  const at = d.operands.height() - 1;
  const selector = d.operands.source(at);
  const first = at - callee.params.length;
  const entry = Math.max(d.operands.slot(at), callPosition(d, first) + callee.params.length);
  d.emit(OP.table_get, entry, selector, 0, d.context.tableBase, d.module.table!.initial);
  d.operands.pop();
  lowerCall(d, index, callee, (position) => {
    d.emit(OP.call_indirect, position, recordSlot(callee), entry, 0, d.module.typeIds[typeIndex]!);
  });
}

function lowerCall(d: FunctionDraft, index: number, callee: FunctionType, emitCall: (position: number) => void): void {
  const first = d.operands.height() - callee.params.length;
  seeNans(d, first);
  const position = callPosition(d, first);
  const place = d.operands.slot(first);
  if (position === place) d.operands.settle(first);
  else
    for (let i = callee.params.length - 1; i >= 0; i--)
      emitMove(d.emit, position + i, d.operands.at(first + i), d.operands.slot(first + i), d.slotOfLocal);
  d.frameEnd = Math.max(d.frameEnd, position + callee.params.length + 1);
  d.lowestCall = Math.min(d.lowestCall, place);
  d.positions[index] = position;
  d.leaf = false;
  emitCall(position);
  d.operands.reset(first, callee.results.length);
  startBlock(d, index);
  if (position !== place)
    for (let i = 0; i < callee.results.length; i++) d.emit(OP.mov, d.operands.slot(first + i), position + i);
}

/** Slots from this frame to the callee's, which begins at its arguments, but never far before this frame's end. */
function callPosition(d: FunctionDraft, argumentsAt: number): number {
  const place = d.operands.slot(argumentsAt);
  const least = d.layout.operands + d.knownHeight - CALL_SLACK;
  if (d.knownHeight === 0 || place >= least) return place;
  return least;
}
