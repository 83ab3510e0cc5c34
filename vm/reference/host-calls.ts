// docs/vm.md#host: host instructions of the reference machine; a bulk one handles at most one leaf at each step of the
// machine.
import { KEEP_BYTE_GAS, MAX_OUTPUT_BYTES, MAX_PREIMAGE_BYTES } from '../../protocol/constants.ts';
import { OP } from '../../protocol/isa.ts';
import { HostFault } from '../host.ts';
import { argument, bulkCopyPart, bulkPart, checkSpan, setArgument } from './memory.ts';
import type { Handler, PlainOperands } from './plain.ts';
import type { State } from './state.ts';

const word = (state: State, o: PlainOperands, index: number): number => Number(argument(state, o, index) & 0xffffffffn);

export const HOST_CALLS = new Map<number, Handler>([
  [OP.input_count, (state, o) => setArgument(state, o, 0, state.host.input_count())],
  [OP.input_size, (state, o) => setArgument(state, o, 0, state.host.input_size(word(state, o, 0)))],
  [
    OP.input_read,
    (state, o) => {
      const dst = word(state, o, 0);
      const index = word(state, o, 1);
      const offset = Number(argument(state, o, 2));
      const n = word(state, o, 3);
      checkSpan(state, dst, n);
      if (offset + n > state.host.input_size(index)) throw new HostFault('beyond the end of the input');
      const k = bulkCopyPart(dst, offset, n);
      state.host.input_read(dst, index, offset, k);
      if (n === k) return;
      setArgument(state, o, 0, dst + k);
      setArgument(state, o, 2, offset + k);
      setArgument(state, o, 3, n - k);
      state.pc--;
    },
  ],
  [
    OP.output_write,
    (state, o) => {
      const src = word(state, o, 0);
      const n = word(state, o, 1);
      checkSpan(state, src, n);
      if (state.outputLength + n > MAX_OUTPUT_BYTES) throw new HostFault('The output is too long.');
      const k = bulkCopyPart(state.outputLength, src, n);
      state.host.output_write(src, k);
      state.outputLength += k;
      state.debt += BigInt(k) * KEEP_BYTE_GAS;
      if (n === k) return;
      setArgument(state, o, 0, src + k);
      setArgument(state, o, 1, n - k);
      state.pc--;
    },
  ],
  [OP.clock, (state, o) => setArgument(state, o, 0, state.host.clock())],
  [OP.random, (state, o) => setArgument(state, o, 0, state.host.random(argument(state, o, 0)))],
  [OP.log, (state, o) => state.host.log(word(state, o, 0), word(state, o, 1))],
  [OP.exit, (state, o) => state.host.exit(word(state, o, 0))],
  [OP.preimage, (state, o) => copyPreimage(state, o)],
  [OP.exec, (state, o) => state.host.exec(word(state, o, 0), word(state, o, 1))],
  [OP.ecrecover, (state, o) => state.host.ecrecover(word(state, o, 0), word(state, o, 1))],
  [OP.commit, (state, o) => state.host.commit(word(state, o, 0))],
]);

// The hash lies outside the target, so each step finds the same preimage.
function copyPreimage(state: State, o: PlainOperands): void {
  const dst = word(state, o, 1);
  const done = word(state, o, 2);
  const before = state.memory.slice(dst, dst + MAX_PREIMAGE_BYTES);
  const length = state.host.preimage(word(state, o, 0), dst);
  const end = done + bulkPart(dst + done, Math.max(length - done, 0));
  state.memory.set(before.subarray(end), dst + end);
  if (end < length) {
    setArgument(state, o, 2, end);
    state.pc--;
    return;
  }
  setArgument(state, o, 0, length);
}
