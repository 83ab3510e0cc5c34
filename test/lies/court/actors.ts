// docs/court.md#attacks: accounts that act on L1 by themselves: with ether for gas, tokens for bonds, and stake if they need some.
import { type Abi, BaseError, ContractFunctionRevertedError } from 'viem';
import { type LocalAccount, privateKeyToAccount } from 'viem/accounts';
import { mizuTokenAbi } from '../../../protocol/generated/abi.ts';
import type { Address, Hex } from '../../../protocol/hex.ts';
import { withAccount } from '../../../service/l1/l1.ts';
import { createSender, type Sender } from '../../../service/l1/send.ts';
import { createMutex } from '../../../service/process/mutex.ts';
import { createSend } from '../../network/contracts.fixture.ts';
import type { TestNetwork } from '../../network/network.fixture.ts';

export const MIZU = 10n ** 18n;

export type Call = { readonly address: Address; readonly abi: Abi };

export type Actor = {
  readonly key: Hex;
  readonly account: LocalAccount;
  readonly address: Address;
  /** As a node sends. It must not send while others do. */
  readonly sender: Sender;
  send(call: Call, functionName: string, args: readonly unknown[]): Promise<void>;
  /** The error with which L1 refuses the call; undefined if it takes it. */
  try(call: Call, functionName: string, args: readonly unknown[]): Promise<string | undefined>;
};

const ETHER = 10n ** 21n;

export function actorOf(network: TestNetwork, key: Hex): Actor {
  const account = privateKeyToAccount(key);
  const send = createSend(network.l1.client, network.anvil.url);
  const inTurn = createMutex();
  const call = (to: Call, functionName: string, args: readonly unknown[]) =>
    inTurn(() => send(account, to.address, to.abi, functionName, args));
  return {
    key,
    account,
    address: account.address.toLowerCase() as Address,
    sender: createSender(withAccount(network.l1, key)),
    async send(...asked) {
      await call(...asked);
    },
    async try(...asked) {
      try {
        await call(...asked);
        return undefined;
      } catch (error) {
        const revert =
          error instanceof BaseError && error.walk((each) => each instanceof ContractFunctionRevertedError);
        if (revert instanceof ContractFunctionRevertedError) return revert.data?.errorName ?? revert.reason;
        throw error;
      }
    },
  };
}

let made = 0;

/** An account of its own, with this much in tokens, of which `spender` may take all. */
export async function createActor(network: TestNetwork, tokensWei: bigint, spenders: readonly Address[]) {
  const actor = actorOf(network, `0x${(0xac70_0000 + ++made).toString(16).padStart(64, '0')}`);
  await network.chain.setBalance({ address: actor.address, value: ETHER });
  if (tokensWei > 0n) await network.grant(actor.address, tokensWei);
  for (const spender of spenders) await allow(network, actor, spender);
  return actor;
}

export async function allow({ deployment }: TestNetwork, actor: Actor, spender: Address): Promise<void> {
  const token = { address: deployment.addresses.token, abi: mizuTokenAbi as Abi };
  await actor.send(token, 'approve', [spender, 2n ** 256n - 1n]);
}
