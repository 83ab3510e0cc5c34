// Lines of the verifier, the step machine, the contracts and the kernel that are broken one at a time, and what must notice it.
import { CONTRACT_MUTANTS } from './contract-mutants.ts';
import { COURT_MUTANTS } from './court-mutants.ts';
import { KERNEL_MUTANTS } from './kernel-mutants.ts';
import type { CheckName, Mutant } from './mutant.ts';

function inFile(file: string, checks: readonly CheckName[], changes: readonly (readonly [string, string])[]): Mutant[] {
  return changes.map(([text, replacement]) => ({ file, text, replacement, checks }));
}

const OSP = 'contracts/src/osp';
const CORE = 'vm/step/assembly';

export const MUTANTS: readonly Mutant[] = [
  ...CONTRACT_MUTANTS,
  ...COURT_MUTANTS,
  ...KERNEL_MUTANTS,
  ...inFile(
    `${OSP}/OneStepVerifier.sol`,
    ['vectors', 'proofs'],
    [
      ['if (machine.gasLeft == 0) return', 'if (machine.gasLeft > 2 ** 63) return'],
      ['machine.pc >= machine.codeCount) return', 'machine.pc > machine.codeCount) return'],
      ['if (machine.debt != 0) return', 'if (machine.debt > 1) return'],
      ['--current.machine.gasLeft;', 'current.machine.gasLeft;'],
      ['--current.machine.debt;', 'current.machine.debt = 0;'],
      ['if (!machine.isKernel()) return false;', 'if (machine.isKernel()) return false;'],
      ['return !immediate || (_immediates(family) >> index) & 1 != 0;', 'return true;'],
    ],
  ),
  ...inFile(
    `${OSP}/Step.sol`,
    ['vectors', 'proofs'],
    [
      ['machine.pc = Math.min(machine.pc, PC_MAX);', 'machine.pc = machine.pc & PC_MAX;'],
      ['return address_ + size <= step.machine.memoryBytes();', 'return address_ + size < step.machine.memoryBytes();'],
      ['--machine.gasLeft;', 'machine.gasLeft -= 2;'],
    ],
  ),
  ...inFile(
    `${OSP}/Slots.sol`,
    ['vectors', 'proofs'],
    [
      ['if (slots.writtenNext == 0) return first.rootAfter();', 'if (slots.writtenNext < 9) return first.rootAfter();'],
      [
        'if (slots.leaves[place].index == index) return place;',
        'if (slots.leaves[place].index == index + 1) return place;',
      ],
    ],
  ),
  ...inFile(
    `${OSP}/LeafProof.sol`,
    ['vectors', 'lies', 'proofs'],
    [
      [
        'require(expected == actual, RootMismatch(expected, actual));',
        'require(expected != bytes32(0), RootMismatch(expected, actual));',
      ],
      [
        'if (first < size) read(witness, root, index + 1, depth)',
        'if (first < size) read(witness, root, index, depth)',
      ],
      ['if (first == data.length) return root;', 'if (first != 0) return root;'],
      [
        'if (second.index < first.index) (left, right) = (right, left);',
        'if (second.index > first.index) (left, right) = (right, left);',
      ],
      ['uint256 above = level + 1;', 'uint256 above = level;'],
    ],
  ),
  ...inFile(
    `${OSP}/Witness.sol`,
    ['lies'],
    [
      ['require(witness.start == witness.end,', 'require(witness.start <= witness.end,'],
      ['require(size <= left,', 'require(size <= left + 32,'],
    ],
  ),
  ...inFile(
    `${OSP}/Context.sol`,
    ['lies'],
    [['require(contextHash == step.machine.contextHash,', 'require(contextHash != 0,']],
  ),
  ...inFile(
    `${OSP}/ControlSteps.sol`,
    ['vectors', 'proofs'],
    [
      ['machine.debt = low / Instructions.FRAME_SLOTS_PER_GAS;', 'machine.debt = 0;'],
      ['if (distance > machine.fp) return false;', 'if (distance > machine.fp + 1) return false;'],
      ['entryType != Constants.NULL_TYPE &&', 'entryType != 0 &&'],
      ['if (index >= step.imm & LOW ||', 'if (index > step.imm & LOW ||'],
      [
        'if (step.load32(step.imm & 0xffff) == 0) value = other;',
        'if (step.load(step.imm & 0xffff) == 0) value = other;',
      ],
    ],
  ),
  ...inFile(
    `${OSP}/MemorySteps.sol`,
    ['vectors', 'proofs'],
    [
      ['step.machine.debt = Instructions.GAS_MEMORY_GROW - 1;', 'step.machine.debt = 0;'],
      ['step.machine.debt += delta * Instructions.GAS_PAGE;', 'step.machine.debt += Instructions.GAS_PAGE;'],
      ['if (pages + delta > step.machine.pagesMax)', 'if (pages + delta > step.machine.pagesMax + 1)'],
      ['if (op == Instructions.LOAD16_S32) return (2, 32);', 'if (op == Instructions.LOAD16_S32) return (2, 64);'],
      ['value = uint64(int64(int32(uint32(step.imm))));', 'value = uint32(step.imm);'],
    ],
  ),
  ...inFile(
    `${OSP}/HostSteps.sol`,
    ['vectors', 'proofs'],
    [
      ['step.machine.debt = _gasOf(op) - 1;', 'step.machine.debt = 0;'],
      ['return (Instructions.GAS_HOST >> (20 * index)) & 0xfffff;', 'return Instructions.GAS_HOST & 0xfffff;'],
    ],
  ),
  ...inFile(`${OSP}/Machine.sol`, ['vectors', 'proofs'], [['| (machine.debt << 96);', ';']]),
  ...inFile(
    `${OSP}/BulkSteps.sol`,
    ['vectors', 'proofs'],
    [
      ['if (dst <= src) {', 'if (dst < n) {'],
      ['step.store(step.a + 1, src);', 'step.store(step.a + 1, src + 1);'],
      ['if (!step.inMemory(left, n) || !step.inMemory(right, n))', 'if (!step.inMemory(left, n))'],
      ['step.machine.debt = Instructions.GAS_DOT_I8 - 1;', ''],
      ['step.store(step.a, uint32(sum));', 'step.store(step.a, sum);'],
      ['step.store(step.a + 2, right + part);', 'step.store(step.a + 2, right);'],
      ['mul(signextend(0, mload(at)),', 'mul(and(0xff, mload(at)),'],
      ['for { let at := add(left, 1) }', 'for { let at := add(left, 2) }'],
    ],
  ),
  ...inFile(
    `${OSP}/InputSteps.sol`,
    ['vectors', 'lies', 'proofs'],
    [
      ['if (index >= context.inputCount)', 'if (index > context.inputCount)'],
      ['if (!found || offset + n > length)', 'if (!found || offset + n > length + 1)'],
      [
        'require(actual == root, InputRootMismatch(root, actual));',
        'require(actual != 0, InputRootMismatch(root, actual));',
      ],
    ],
  ),
  ...inFile(
    `${OSP}/OutputSteps.sol`,
    ['vectors', 'proofs'],
    [
      ['if (count == 1 << depth)', 'if (count == 2 << depth)'],
      ['root = Tree.hashNode(root, zeroRoot);', 'root = Tree.hashNode(root, root);'],
    ],
  ),
  ...inFile(
    `${OSP}/ExecStep.sol`,
    ['vectors', 'proofs'],
    [['child.fp = numbers % Constants.SLOT_COUNT;', 'child.fp = 0;']],
  ),
  ...inFile(
    `${OSP}/KernelSteps.sol`,
    ['vectors', 'lies', 'proofs'],
    [['require(keccak256(data) == expected,', 'require(keccak256(data) != 0,']],
  ),
  ...inFile(
    `${OSP}/Ending.sol`,
    ['vectors', 'lies', 'proofs'],
    [
      [
        '_resultLeaf(code, outputRoot, machine.outputLength, context.gasLimit - machine.gasLeft)',
        '_resultLeaf(code, outputRoot, machine.outputLength, machine.gasLeft)',
      ],
      [
        'require(actual == parentHash, ParentMismatch(parentHash, actual));',
        'require(actual != 0, ParentMismatch(parentHash, actual));',
      ],
    ],
  ),
  ...inFile(
    `${OSP}/IntegerOps.sol`,
    ['ops:i32_div_s', 'ops:i32_shl', 'ops:i32_clz'],
    [
      ['quotient == int256(1 << (bits - 1))', 'false'],
      ['uint256 count = y & (bits - 1);', 'uint256 count = y & 63;'],
      ['if (op == Instructions.I32_CLZ) return x == 0 ? bits :', 'if (op == Instructions.I32_CLZ) return x == 0 ? 0 :'],
    ],
  ),
  ...inFile(
    `${OSP}/Float.sol`,
    ['ops:f32_add', 'ops:f32_mul'],
    [
      ['(rest == half && significand & 1 == 1)', '(rest == half)'],
      ['if (last < format.quantum) last = format.quantum;', 'if (last < format.quantum - 1) last = format.quantum;'],
    ],
  ),
  ...inFile(
    `${OSP}/FloatArithmetic.sol`,
    ['ops:f64_add', 'ops:f64_div', 'ops:f64_nearest'],
    [
      ['sum == 0 ? left.negative && right.negative : sum < 0', 'sum < 0'],
      ['if (quotient * b.significand != shifted) quotient |= 1;', 'if (quotient == shifted) quotient |= 1;'],
      ['return rest > half || (rest == half && whole & 1 == 1);', 'return rest >= half;'],
    ],
  ),
  ...inFile(
    `${OSP}/FloatConversions.sol`,
    ['ops:i32_trunc_', 'ops:f32_demote'],
    [
      ['(1 << (bits - 1)) - (negative ? 0 : 1)', '(1 << (bits - 1)) - 1'],
      [
        'if (Floats.isNaN(x, from)) return Floats.canonicalNaN(to);',
        'if (Floats.isNaN(x, from)) return Floats.infinity(to);',
      ],
    ],
  ),
  ...inFile(
    `${OSP}/FloatOps.sol`,
    ['ops:f32_min', 'ops:f32_max', 'ops:f32_lt'],
    [
      [
        'Floats.isNegative(bits, format) ? -1 - magnitude : magnitude',
        'Floats.isNegative(bits, format) ? -magnitude : magnitude',
      ],
    ],
  ),
  ...inFile(
    `${CORE}/bulk.ts`,
    ['handmade', 'traces', 'cases'],
    [
      ['if (outside(dst, n) || outside(src, n)) return FAULT;', 'if (outside(dst, n)) return FAULT;'],
      ['return ((end - 1) & (LEAF_BYTES - 1)) + 1;', 'return end & (LEAF_BYTES - 1);'],
      ['const k = min(n, min(before(dst + n), before(src + n)));', 'const k = min(n, before(dst + n));'],
      ['memory.fill(memoryStart + dst, <u8>value, k);', 'memory.fill(memoryStart + dst, <u8>value, n);'],
      ['if (after > <u64>pagesMax) {', 'if (after >= <u64>pagesMax) {'],
      ['store<u64>(argument(slot, 2), <u64>left);', 'store<u64>(argument(slot, 2), <u64>left + 1);'],
      ['if (outside(left, n) || outside(right, n)) return FAULT;', 'if (outside(left, n)) return FAULT;'],
      ['const k = min(n, min(behind(left), behind(right)));', 'const k = min(n, behind(left));'],
      ['<u32>(<i32>load<i8>(left++)', '<u32>(<i32>load<u8>(left++)'],
      ['products(left + 24, right + 24)', 'products(left + 24, right + 16)'],
      ['for (; rest >= 8; rest -= 8) {', 'for (; rest > 8; rest -= 9) {'],
    ],
  ),
  ...inFile(
    `${CORE}/core.ts`,
    ['handmade', 'traces', 'cases'],
    [
      ['fastEnd = 65536 - 2 * <i64>farthest - 4;', 'fastEnd = 65536;'],
      ['left = left - part + runMasked(part);', 'runMasked(part); left = left - part;'],
      ['if (status != RUNNING || debt != 0) break;', 'if (status != RUNNING) break;'],
    ],
  ),
  ...inFile(
    `${CORE}/decode.ts`,
    ['handmade', 'traces', 'cases'],
    [
      [
        'else if (kind == CALL) operand = <u64>target(low) | (<u64>(pc + 1) << 32);',
        'else if (kind == CALL) operand = <u64>target(low) | (<u64>pc << 32);',
      ],
      ['if (low > 65536) op = TRAP;', 'if (low > 65535 * 65536) op = TRAP;'],
      [
        'return pc < codeCount ? code + <usize>pc * CODE_BYTES : addSentinel(pc);',
        'return code + <usize>pc * CODE_BYTES;',
      ],
    ],
  ),
  ...inFile(
    `${CORE}/roots.ts`,
    ['handmade', 'traces', 'cases', 'snapshots'],
    [
      [
        'if (sameLeaf(start + offset, source + offset)) continue;',
        'if (offset == 0 || sameLeaf(start + offset, source + offset)) continue;',
      ],
      ['store<u8>(FLAGS + PAGE_LEAVES + leaf, 1);', 'store<u8>(FLAGS + PAGE_LEAVES + (leaf & ~1), 0);'],
      [
        'for (let page: u32 = 0; page < pages; page++) if (isDirty(page)) store<u8>(pageChanged + page, 1);',
        'for (let page: u32 = 1; page < pages; page++) if (isDirty(page)) store<u8>(pageChanged + page, 1);',
      ],
    ],
  ),
  ...inFile(
    'vm/step/interpreter.mjs',
    ['handmade', 'traces', 'cases'],
    [
      ['} - <u64>left;', '} - <u64>left - 1;'],
      ['`left -= <u32>', '`left -= 0 * <u32>'],
      ['(memoryBytes - size) / PAGE_BYTES *', '(memoryBytes - memoryBytes) / PAGE_BYTES *'],
      ['if (distance > <u64>(frame - SLOTS))', 'if (distance > <u64>frame)'],
      ['if (bytes > 1) lines.push(', 'if (bytes > 8) lines.push('],
      ['if (type != load<u32>(at, 16) || type == u32.MAX_VALUE)', 'if (type == u32.MAX_VALUE)'],
      ['if (index >= load<u32>(at, 16))', 'if (index > load<u32>(at, 16))'],
    ],
  ),
  ...inFile(
    'vm/step/operations.mjs',
    ['core:i'],
    [
      ['&& c == -1)', '&& c == 1)'],
      ["i32_f64_s: 'b > -2147483649.0 && b < 2147483648.0'", "i32_f64_s: 'b >= -2147483648.0 && b < 2147483648.0'"],
    ],
  ),
];
