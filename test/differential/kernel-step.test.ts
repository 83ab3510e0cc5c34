// docs/machine.md#step: the kernel and the program that it runs are one trace.
import { describe, expect, it } from 'vitest';
import { createOneStepVerifier } from '../../dispute/osp.ts';
import { hashHalted, MACHINE_KIND } from '../../vm/step/encode.ts';
import { fetchInstruction } from '../../vm/step/fetch.ts';
import { createStepMachine, type StepMachine, type StepRequest } from '../../vm/step/step-machine.ts';
import { nameOf } from '../../vm/step/trace.ts';
import { COPY, createKernelTrace, FAULTY } from './kernel-trace.fixture.ts';

const KERNEL_CALLS = ['preimage', 'exec', 'ecrecover', 'commit'];
const PROVEN_EACH = 2;

/** The same trace without a way past the program. */
function stepped(request: StepRequest): StepRequest {
  const kernel = request.kernel!;
  return {
    ...request,
    kernel: { ...kernel, exec: (leaf) => ({ ...kernel.exec(leaf), native: undefined }) },
  };
}

describe.each([
  ['a program that ends', COPY, 0],
  ['a program that faults', FAULTY, 256],
])('a step of the kernel with %s', (_, text, status) => {
  it('ends with the state leaf that the native engine commits, stepped or past the program', async () => {
    const { request, stateLeaf, result, receipt } = await createKernelTrace(text);
    expect(result.status).toBe(status);
    const halted = hashHalted({ kind: 'commit', leaf: stateLeaf });
    const past = createStepMachine(request);
    const through = createStepMachine(stepped(request));
    for (const steps of [past, through]) {
      const ended = steps.runToEnd();
      expect(ended.committed).toEqual(stateLeaf);
      expect(ended.output).toEqual(receipt);
      expect(steps.hash()).toBe(halted);
    }
    expect(through.position()).toBe(past.position());
  });

  it('has the same hashes whether the program is stepped or not', async () => {
    const { request } = await createKernelTrace(text);
    const end = createStepMachine(request);
    end.runToEnd();
    const last = end.position();
    const positions = Array.from({ length: 24 }, (_, i) => (last * BigInt(i + 1)) / 23n);
    expect(createStepMachine(request).hashesAt(positions)).toEqual(
      createStepMachine(stepped(request)).hashesAt(positions),
    );
  });

  it('goes back from its end into the program, and before it', async () => {
    const { request } = await createKernelTrace(text);
    const steps = createStepMachine(request);
    while (steps.machine()?.options.kind === MACHINE_KIND.kernel) toNextCall(steps);
    steps.runTo(steps.position() + 2n);
    const inside = steps.snapshot();
    const hash = steps.hash();
    const before = createStepMachine(request);
    before.runTo(inside.position - 3n);
    const end = steps.runToEnd();
    const last = steps.hash();
    steps.restore(inside);
    expect(steps.hash()).toBe(hash);
    expect([steps.runToEnd(), steps.hash()]).toEqual([end, last]);
    const early = before.snapshot();
    const start = before.hash();
    before.runToEnd();
    before.restore(early);
    expect(before.hash()).toBe(start);
    expect([before.runToEnd(), before.hash()]).toEqual([end, last]);
  });

  it('is proven around the program: its start, its end, and what only the kernel may call', async () => {
    const { request } = await createKernelTrace(text);
    const verifier = await createOneStepVerifier();
    const steps = createStepMachine(stepped(request));
    const ahead = createStepMachine(stepped(request));
    const proven = new Map<string, number>();
    while (steps.result() === undefined) {
      const machine = steps.machine()!;
      const name = nameOf(fetchInstruction(machine));
      const count = proven.get(name) ?? 0;
      const user = machine.options.kind === MACHINE_KIND.user;
      const wanted = user ? endsProgram(ahead, steps) : KERNEL_CALLS.includes(name) && count < PROVEN_EACH;
      if (wanted) {
        proven.set(name, count + 1);
        const before = steps.hash();
        const verdict = await verifier.step(steps.prove());
        steps.runTo(steps.position() + 1n);
        expect({ name, ...verdict, gas: 0 }).toEqual({ name, kind: 'step', before, after: steps.hash(), gas: 0 });
      } else if (user) steps.runTo(steps.position() + 1n);
      else toNextCall(steps);
    }
    expect([...proven.keys()]).toEqual(
      expect.arrayContaining(['preimage', 'exec', 'commit', status === 0 ? 'halt' : 'i32_div_u']),
    );
  });
});

/** `ahead`: another machine on the same trace. */
function endsProgram(ahead: StepMachine, steps: StepMachine): boolean {
  ahead.runTo(steps.position() + 1n);
  return ahead.machine()?.options.kind !== MACHINE_KIND.user;
}

/** Passes what is no call of the kernel's own. */
function toNextCall(steps: StepMachine): void {
  for (let call = false; !call; ) {
    steps.runTo(steps.position() + 1n);
    const machine = steps.machine();
    call =
      machine === undefined ||
      machine.options.kind === MACHINE_KIND.user ||
      KERNEL_CALLS.includes(nameOf(fetchInstruction(machine)));
  }
}
