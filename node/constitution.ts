// docs/prover.md#node: kernel and genesis must be those that the Rollup began with.
import { MizuError } from '../protocol/errors.ts';
import { rollupAbi } from '../protocol/generated/abi.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import type { L1 } from '../service/l1/l1.ts';

export type Own = { readonly kernelProgramId: Hex; readonly stateRoot: Hex };

/** `part` is the first part of the error codes. @throws MizuError `<part>/other-kernel`, `<part>/other-genesis` */
export async function assertConstitution(
  { client }: L1,
  address: Address,
  own: Own,
  part: 'prover' | 'sequencer',
): Promise<void> {
  const rollup = { address, abi: rollupAbi } as const;
  const [kernel, genesis] = await Promise.all([
    client.readContract({ ...rollup, functionName: 'kernelProgramId' }),
    client.readContract({ ...rollup, functionName: 'genesis' }),
  ]);
  const begun = await client.readContract({ ...rollup, functionName: 'confirmedStateRoot', args: [genesis] });
  if (kernel !== own.kernelProgramId) {
    throw new MizuError({
      code: `${part}/other-kernel`,
      message: 'This is not the kernel of the network.',
      expected: kernel,
      actual: own.kernelProgramId,
      hint: 'Check out the version that the network runs, and build the kernel again.',
    });
  }
  if (begun === own.stateRoot) return;
  throw new MizuError({
    code: `${part}/other-genesis`,
    message: 'The genesis in the configuration is not that of the network.',
    expected: begun,
    actual: own.stateRoot,
    hint: 'Take gas price, committee, models and gateways as they were when the contracts were deployed.',
  });
}
