// docs/operations.md#attacks: a user without stake who deploys and runs whatever he likes, through the sequencer or
// past it.
import { type Abi, createTestClient, http } from 'viem';
import { foundry } from 'viem/chains';
import { devnetAccounts } from '../../devnet/accounts.ts';
import type { Devnet } from '../../devnet/devnet.ts';
import { type Definition, encodeDefinition, hashWorkflow, type Stage } from '../../protocol/definition.ts';
import { inboxAbi, mizuTokenAbi } from '../../protocol/generated/abi.ts';
import { bytesToHex, type Hex } from '../../protocol/hex.ts';
import { encodeInputs, encodeMessage, type Message } from '../../protocol/messages.ts';
import { objectRef } from '../../protocol/tree.ts';
import { retention } from '../../sdk/client/deploy.ts';
import { deposit } from '../../sdk/client/deposit.ts';
import { sendMessage, signMessage } from '../../sdk/client/message.ts';
import { connectNetwork, type Network } from '../../sdk/client/network.ts';
import { fromPrivateKey } from '../../sdk/client/signer.ts';
import { connectL1, withAccount } from '../../service/l1/l1.ts';
import { createSender, type Sender } from '../../service/l1/send.ts';
import { programToEntry } from '../../vm/entry.ts';
import { loadModule } from '../../vm/load.ts';
import { createProgram, type Program } from '../../vm/program.ts';

export type HostileUser = {
  readonly network: Network;
  /** Sends from its account on L1. */
  readonly sender: Sender;
  deploy(programs: readonly HostileDeployment[], stages: readonly Partial<Stage>[]): Promise<Hex>;
  /**
   * Starts a run over these partitions and returns its id. Without `bytes` there is one partition of a byte, another
   * one each time.
   */
  start(workflow: Hex, options: { gasLimit: bigint; bytes?: readonly Uint8Array[] }): Promise<Hex>;
  /** Sends a message through L1, past the sequencer. */
  force(message: Message | Uint8Array): Promise<void>;
  close(): Promise<void>;
};

/** Deployed code, and the module that is named as its source, which may be another one. */
export type HostileDeployment = { readonly program: Program; readonly wasm: Uint8Array };

const MIZU = 10n ** 18n;
const FUNDS = 20_000n * MIZU;
const DEPOSIT = 2_000n * MIZU;
const RUN_COST = 100n * MIZU;
const RUN_SECONDS = 3600;
const METADATA =
  '{"name":"x","version":1,"stages":[{"name":"s","kind":"exec","steps":[],"sink":"train"}],"models":{},"sdk":"0"}';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

export function lowered(wasm: Uint8Array): HostileDeployment {
  return { program: createProgram({ module: loadModule(wasm) }), wasm };
}

export async function createHostileUser({ rpcUrl, l1Url, chain }: Devnet): Promise<HostileUser> {
  const { developer, liar } = devnetAccounts();
  const l1 = await connectL1(l1Url);
  await createTestClient({ chain: foundry, mode: 'anvil', transport: http(l1Url) }).setBalance({
    address: liar.address,
    value: 1_000n * MIZU,
  });
  await createSender(withAccount(l1, developer.privateKey)).sendAndWait({
    address: chain.contracts.token,
    abi: mizuTokenAbi as Abi,
    functionName: 'transfer',
    args: [liar.address, FUNDS],
  });
  const sender = createSender(withAccount(l1, liar.privateKey));
  const trust = { chainId: chain.chainId, rollup: chain.contracts.rollup };
  const network = await connectNetwork({ rpcUrl, l1RpcUrl: l1Url, trust, signer: fromPrivateKey(liar.privateKey) });
  await deposit(network, DEPOSIT);
  let started = 0;
  return {
    network,
    sender,
    async deploy(programs, stages) {
      const metadata = text(METADATA);
      const definition: Definition = {
        programs: programs.map(({ program, wasm }) => programToEntry(program, wasm)),
        stages: stages.map((fields) => ({ ...EXEC, ...fields })),
        metadata: objectRef(metadata),
      };
      const objects = programs.flatMap(({ program: { code, memory, slots, data }, wasm }) => [
        code,
        memory,
        slots,
        data,
        wasm,
      ]);
      const { certificate } = await network.da.put([...objects, metadata], { expiry: retention() });
      const bytes = encodeDefinition(definition, certificate);
      await sendMessage(
        network,
        await signMessage(network, { kind: 'Deploy', maxFee: 100n * MIZU, definition: bytes }),
      );
      return hashWorkflow(definition);
    },
    async start(workflow, { gasLimit, bytes = [Uint8Array.of(started++)] }) {
      const { refs, certificate } = await network.da.put(bytes, { expiry: retention() });
      const message = await signMessage(network, {
        kind: 'Run',
        workflow,
        maxCost: RUN_COST,
        maxItemCost: 0n,
        maxInferenceCost: 0n,
        taskGasLimit: gasLimit,
        deadline: BigInt(Math.floor(Date.now() / 1000) + RUN_SECONDS),
        gateways: [],
        inputs: encodeInputs(refs, certificate),
      });
      const { run } = await sendMessage(network, message);
      if (run === undefined) throw new Error('the run has no id');
      return run;
    },
    async force(message) {
      const bytes = message instanceof Uint8Array ? message : encodeMessage(message);
      await sender.sendAndWait({
        address: chain.contracts.inbox,
        abi: inboxAbi as Abi,
        functionName: 'forceMessage',
        args: [bytesToHex(bytes)],
      });
    },
    close: () => network.close(),
  };
}

const EXEC: Stage = {
  kind: 'exec',
  program: 0,
  width: 1,
  gasLimit: 1_000_000n,
  sink: true,
  model: `0x${'00'.repeat(32)}`,
  inputs: [{ source: 0xffff, mode: 'all' }],
};
