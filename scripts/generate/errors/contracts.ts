// docs/errors.md#contracts-errors: with what the contracts revert, from their ABIs.
import { type Abi, toFunctionSelector } from 'viem';
import { formatAbiItem } from 'viem/utils';
import * as bytecode from '../../../contracts/generated/bytecode.ts';
import * as abis from '../../../protocol/generated/abi.ts';

export type ContractError = {
  readonly selector: string;
  /** With the names of its arguments. */
  readonly signature: string;
  readonly contracts: readonly string[];
};

/** By signature, each with the contracts that revert with it. */
export function contractErrors(): ContractError[] {
  const found = new Map<string, { readonly selector: string; readonly contracts: string[] }>();
  for (const [name, abi] of Object.entries<Abi>(abis)) {
    for (const error of abi.filter((item) => item.type === 'error')) {
      const signature = formatAbiItem(error, { includeName: true });
      const entry = found.get(signature) ?? { selector: toFunctionSelector(formatAbiItem(error)), contracts: [] };
      entry.contracts.push(contractOf(name));
      found.set(signature, entry);
    }
  }
  return [...found]
    .map(([signature, entry]) => ({ signature, ...entry }))
    .sort((a, b) => (a.signature < b.signature ? -1 : 1));
}

/** Bytecode is exported by the contract's name, the ABI by one that begins in lower case. */
function contractOf(abiName: string): string {
  const name = Object.keys(bytecode).find((contract) => `${contract}Abi`.toLowerCase() === abiName.toLowerCase());
  if (name === undefined) throw new Error(`no contract has the ABI ${abiName}`);
  return name;
}
