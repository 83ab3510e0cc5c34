// docs/disputes.md#message: what L1 takes a sequenced message for: the library of the contracts, compiled and run in this process.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEVM } from '@ethereumjs/evm';
import solc from 'solc';
import { type Abi, decodeFunctionResult, encodeFunctionData } from 'viem';
import { type MessageProof, proveMessage } from '../../dispute/calls.ts';
import { bytesToHex, hexToBytes } from '../../protocol/hex.ts';
import type { ObjectRef } from '../../protocol/tree.ts';
import { objectRef } from '../../protocol/tree.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const GAS_LIMIT = 1n << 26n;
const HARNESS = `// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;
import {MessageProof, Messages} from "contracts/src/dispute/Message.sol";
import {Batch} from "contracts/src/interfaces/IInbox.sol";
import {DataObject} from "contracts/src/lib/Types.sol";
contract Judge {
    function sequenced(bytes32 root, uint32 length, uint256 index, uint256 count, MessageProof calldata proof)
        external pure returns (bytes32, uint64, bool)
    {
        Batch memory batch;
        batch.objectRoot = root;
        batch.objectLength = length;
        (DataObject memory message, bool shaky) = Messages.sequenced(batch, index, count, proof);
        return (message.root, message.length, shaky);
    }
}`;
const SETTINGS = {
  evmVersion: 'cancun',
  optimizer: { enabled: true, runs: 200 },
  outputSelection: { 'Judge.sol': { Judge: ['abi', 'evm.bytecode.object'] } },
};

export type Judged = ObjectRef & {
  /** Taken without seeing all behind it: the other side may show a byte there. */
  readonly shaky: boolean;
};

/** @throws Error if L1 refuses the proof */
export async function createBatchJudge() {
  const { abi, bytecode } = compileJudge();
  const evm = await createEVM();
  const { createdAddress: to, execResult: created } = await evm.runCall({ data: bytecode, gasLimit: GAS_LIMIT });
  if (to === undefined || created.exceptionError) throw new Error(`not created: ${created.exceptionError?.error}`);
  return {
    /** `proof`: another one than the honest prover's. */
    async judge(
      batch: Uint8Array,
      index: number,
      count: number,
      proof: MessageProof = proveMessage(batch, index, count),
    ): Promise<Judged> {
      const { root, length } = objectRef(batch);
      const args = [root, length, BigInt(index), BigInt(count), proof];
      const data = hexToBytes(encodeFunctionData({ abi, functionName: 'sequenced', args }));
      const { execResult } = await evm.runCall({ to, data, gasLimit: GAS_LIMIT });
      const output = bytesToHex(execResult.returnValue);
      if (execResult.exceptionError) throw new Error(`L1 refuses the proof of message ${index}: ${output}`);
      const [message, size, shaky] = decodeFunctionResult({
        abi,
        functionName: 'sequenced',
        data: output,
      }) as unknown as [ObjectRef['root'], bigint, boolean];
      return { root: message, length: Number(size), shaky };
    },
  };
}

function compileJudge(): { readonly abi: Abi; readonly bytecode: Uint8Array } {
  const input = { language: 'Solidity', sources: { 'Judge.sol': { content: HARNESS } }, settings: SETTINGS };
  const readSource = (path: string) => ({
    contents: readFileSync(join(ROOT, path.startsWith('@') ? `node_modules/${path}` : path), 'utf8'),
  });
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: readSource })) as {
    contracts?: Record<string, Record<string, { abi: Abi; evm: { bytecode: { object: string } } }>>;
    errors?: { severity: string; formattedMessage: string }[];
  };
  const judge = output.contracts?.['Judge.sol']?.Judge;
  if (judge?.evm.bytecode.object) return { abi: judge.abi, bytecode: hexToBytes(`0x${judge.evm.bytecode.object}`) };
  throw new Error(output.errors?.find(({ severity }) => severity === 'error')?.formattedMessage ?? 'no code');
}
