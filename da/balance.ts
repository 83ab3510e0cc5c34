// docs/da.md#quotas: what an account has on the network, in the state that L1 has confirmed last. The sequencer only brings the proof.
import { verifyMerkleProof } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import type { PublicClient } from 'viem';
import { z } from 'zod';
import { MizuError } from '../protocol/errors.ts';
import { daCommitteeAbi, inboxAbi, rollupAbi } from '../protocol/generated/abi.ts';
import { type Address, bytesToHex, concatBytes, type Hex, hexToBytes } from '../protocol/hex.ts';
import { keccak } from '../protocol/tree.ts';
import type { RpcClient } from '../service/http/client.ts';
import { describeZodIssues } from '../service/http/issues.ts';
import { loadOnce } from '../service/l1/once.ts';

export type BalanceReader = (account: Address) => Promise<bigint>;

/** docs/kernel.md#state: accounts stand under A. */
const ACCOUNTS = 'A';
/** Of a path in a trie with keys of 32 bytes. */
const MAX_NODES = 65;
/** A branch with 16 children and a value. */
const MAX_NODE_BYTES = 1_024;
const ANSWER_BYTES = 2 * MAX_NODES * (MAX_NODE_BYTES + 8);

const answerShape = z.object({
  nodes: z
    .array(
      z
        .string()
        .max(2 + 2 * MAX_NODE_BYTES)
        .regex(/^0x(?:[0-9a-f]{2})*$/),
    )
    .max(MAX_NODES),
});

/** @throws MizuError `da/bad-proof` if what the sequencer gives proves nothing of this account in that state */
export function createBalanceReader(
  client: Pick<PublicClient, 'readContract'>,
  committee: Address,
  rpc: RpcClient,
): BalanceReader {
  const findRollup = loadOnce(async (): Promise<Address> => {
    const inbox = await client.readContract({ address: committee, abi: daCommitteeAbi, functionName: 'inbox' });
    return client.readContract({ address: inbox, abi: inboxAbi, functionName: 'rollup' });
  });
  const confirmedRoot = async (): Promise<Hex> => {
    const rollup = { address: await findRollup(), abi: rollupAbi } as const;
    const latest = await client.readContract({ ...rollup, functionName: 'latestConfirmed' });
    return client.readContract({ ...rollup, functionName: 'confirmedStateRoot', args: [latest] });
  };
  return async (account) => {
    const root = await confirmedRoot();
    const said = await rpc('mizu_getProof', [ACCOUNTS, account, root], { attempts: 1, limitBytes: ANSWER_BYTES });
    const parsed = answerShape.safeParse(said);
    if (!parsed.success) throw badProof(account, root, describeZodIssues(parsed.error));
    return provenBalance(
      account,
      root,
      parsed.data.nodes.map((node) => hexToBytes(node as Hex)),
    );
  };
}

async function provenBalance(account: Address, root: Hex, nodes: readonly Uint8Array[]): Promise<bigint> {
  const key = keccak(concatBytes([Uint8Array.of(ACCOUNTS.charCodeAt(0)), hexToBytes(account)]));
  let record: Uint8Array | null;
  try {
    record = await verifyMerkleProof(key, [...nodes], { root: hexToBytes(root) });
  } catch (error) {
    throw badProof(account, root, error instanceof Error ? error.message : String(error));
  }
  if (record === null) return 0n;
  const [, balance] = RLP.decode(record) as [Uint8Array, Uint8Array];
  return balance.length === 0 ? 0n : BigInt(bytesToHex(balance));
}

function badProof(account: Address, root: Hex, actual: string): MizuError {
  return new MizuError({
    code: 'da/bad-proof',
    message: 'The sequencer has not proven what the account has.',
    expected: `trie nodes from the confirmed state root ${root} to the record of ${account}`,
    actual: actual.slice(0, 300),
    hint: 'Name another sequencer in sequencerUrl.',
  });
}
