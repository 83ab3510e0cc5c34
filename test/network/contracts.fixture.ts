// Accounts, certificates and states for the tests of the contracts.
import { createMerkleProof, createMPT, type MerklePatriciaTrie } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import { type Abi, createWalletClient, http, type PublicClient, type TransactionReceipt } from 'viem';
import type { HDAccount, LocalAccount } from 'viem/accounts';
import { foundry } from 'viem/chains';
import { DEVNET_CONFIG } from '../../contracts/config.ts';
import { anvilAccounts } from '../../devnet/anvil-accounts.ts';
import { type Certificate, hashObjects, totalLength } from '../../protocol/certificate.ts';
import { type Address, bytesToHex, concatBytes, type Hex, hexToBytes } from '../../protocol/hex.ts';
import { keccak, type ObjectRef } from '../../protocol/tree.ts';
import { createDomain, TYPES } from '../../protocol/typed-data.ts';

/** Anvil's accounts. */
export const ACCOUNTS = anvilAccounts();

export const [OWNER, SEQUENCER, EXECUTOR, USER, VALIDATOR, LIAR] = ACCOUNTS as unknown as [
  HDAccount,
  HDAccount,
  HDAccount,
  HDAccount,
  HDAccount,
  HDAccount,
];
export const OTHERS: readonly HDAccount[] = ACCOUNTS.slice(4);

export const [COMMITTEE_OWNER, MODEL_OWNER, GUARDIAN, GAS_PRICE_OWNER] = ACCOUNTS.slice(13) as [
  HDAccount,
  HDAccount,
  HDAccount,
  HDAccount,
];
const KEYS = {
  token: OWNER,
  committee: COMMITTEE_OWNER,
  models: MODEL_OWNER,
  guardian: GUARDIAN,
  gasPrice: GAS_PRICE_OWNER,
} as const;

/** Each power has its own key; OWNER is the token's, and deploys. */
export const HOLDERS = {
  token: KEYS.token.address,
  committee: KEYS.committee.address,
  models: KEYS.models.address,
  guardian: KEYS.guardian.address,
  gasPrice: KEYS.gasPrice.address,
} as const;

export function powerWallets(url: string) {
  const walletOf = (account: HDAccount) => createWalletClient({ account, chain: foundry, transport: http(url) });
  return { token: walletOf(KEYS.token), committee: walletOf(KEYS.committee), models: walletOf(KEYS.models) };
}

/** Four committee members in ascending order of address. */
export const COMMITTEE_MEMBERS = OTHERS.slice(0, 4).sort((a, b) =>
  a.address.toLowerCase() < b.address.toLowerCase() ? -1 : 1,
);

export type Send = (
  account: LocalAccount,
  address: Address,
  abi: Abi,
  functionName: string,
  args: readonly unknown[],
) => Promise<TransactionReceipt>;

const POLL_MS = 20;

/** Sends a transaction and waits until it is mined. What would revert is not sent: the error names the contract's. */
export function createSend(client: PublicClient, url: string): Send {
  return async (account, address, abi, functionName, args) => {
    const { request } = await client.simulateContract({ account, address, abi, functionName, args });
    const walletClient = createWalletClient({ account, chain: foundry, transport: http(url) });
    const receipt = await client.waitForTransactionReceipt({
      hash: await walletClient.writeContract(request),
      pollingInterval: POLL_MS,
    });
    if (receipt.status !== 'success') throw new Error(`${functionName} reverted`);
    return receipt;
  };
}

export type CertificateRequest = {
  readonly objects: readonly ObjectRef[];
  readonly signers: readonly number[];
  readonly epoch: bigint;
  readonly expiry: bigint;
  readonly chainId: number;
  readonly committee: Address;
};

export async function makeCertificate(request: CertificateRequest): Promise<Certificate> {
  const { objects, signers, epoch, expiry, chainId, committee } = request;
  const typed = {
    domain: createDomain(chainId, committee),
    types: { Certificate: TYPES.Certificate },
    primaryType: 'Certificate',
    message: { epoch, objectsHash: hashObjects(objects), totalLength: totalLength(objects), expiry },
  } as const;
  const signatures: Hex[] = [];
  let bitmap = 0n;
  for (const index of signers) {
    const member = COMMITTEE_MEMBERS[index];
    if (member === undefined) throw new Error(`no member ${index}`);
    signatures.push(await member.signTypedData(typed));
    bitmap |= 1n << BigInt(index);
  }
  return { epoch, expiry, signers: bitmap, signatures };
}

/** By members 0, 2 and 3 of the first committee, for as long as L1 wants from now on and ten minutes. */
export async function certifyNow(
  client: PublicClient,
  committee: Address,
  objects: readonly ObjectRef[],
): Promise<Certificate> {
  const [{ timestamp }, chainId] = await Promise.all([client.getBlock(), client.getChainId()]);
  const expiry = timestamp + BigInt(DEVNET_CONFIG.retentionSeconds) + 600n;
  return makeCertificate({ objects, signers: [0, 2, 3], epoch: 1n, expiry, chainId, committee });
}

export type StateRecords = {
  readonly feesWei: bigint;
  readonly withdrawals: readonly { readonly index: bigint; readonly recipient: Address; readonly amountWei: bigint }[];
  /** Further records, so that the trie is deep. */
  readonly fillers: number;
  readonly accounts?: readonly { readonly account: Address; readonly nonce: bigint; readonly balanceWei: bigint }[];
  readonly runs?: readonly RunFields[];
};

/** A run's record in the order of docs/kernel.md#state. */
export type RunFields = {
  readonly id: Hex;
  readonly workflow: Hex;
  readonly owner: Address;
  readonly status: bigint;
  readonly escrow: bigint;
  readonly spent: bigint;
  readonly timestamp: bigint;
  readonly deadline: bigint;
  readonly partitions: bigint;
  readonly taskGasLimit: bigint;
  readonly tasksLeft: bigint;
  readonly inputsHash: Hex;
  readonly expiry: bigint;
  readonly maxItemCost: bigint;
  readonly maxInferenceCost: bigint;
  readonly inferenceSpent: bigint;
  readonly sinkTasks: bigint;
  readonly gasPrice: bigint;
  readonly gateways: readonly Address[];
  /** Empty, or how many of its items were voided, and when the last one was. */
  readonly voided: readonly bigint[];
};

/** A state trie as docs/kernel.md#state has it, with the tables that L1 reads. */
export async function createState(records: StateRecords): Promise<MerklePatriciaTrie> {
  const trie = await createMPT();
  await trie.put(stateKey('F'), RLP.encode([records.feesWei]));
  for (const { index, recipient, amountWei } of records.withdrawals)
    await trie.put(stateKey('O', u64(index)), RLP.encode([hexToBytes(recipient), amountWei]));
  for (const { account, nonce, balanceWei } of records.accounts ?? [])
    await trie.put(stateKey('A', hexToBytes(account)), RLP.encode([nonce, balanceWei]));
  for (const { id, voided, ...fields } of records.runs ?? [])
    await trie.put(stateKey('R', hexToBytes(id)), RLP.encode([...Object.values(fields).map(toItem), ...voided]));
  for (let i = 0; i < records.fillers; i++)
    await trie.put(stateKey('A', concatBytes([new Uint8Array(12), u64(BigInt(i))])), RLP.encode([1n, BigInt(i)]));
  return trie;
}

export function feesProof(trie: MerklePatriciaTrie): Promise<Hex[]> {
  return proof(trie, stateKey('F'));
}

export function withdrawalProof(trie: MerklePatriciaTrie, index: bigint): Promise<Hex[]> {
  return proof(trie, stateKey('O', u64(index)));
}

export function accountProof(trie: MerklePatriciaTrie, account: Address): Promise<Hex[]> {
  return proof(trie, stateKey('A', hexToBytes(account)));
}

export function runProof(trie: MerklePatriciaTrie, run: Hex): Promise<Hex[]> {
  return proof(trie, stateKey('R', hexToBytes(run)));
}

function toItem(field: bigint | Hex | readonly Address[]): bigint | Uint8Array | Uint8Array[] {
  if (typeof field === 'bigint') return field;
  return typeof field === 'string' ? hexToBytes(field) : field.map(hexToBytes);
}

async function proof(trie: MerklePatriciaTrie, key: Uint8Array): Promise<Hex[]> {
  return (await createMerkleProof(trie, key)).map(bytesToHex);
}

function stateKey(table: string, id: Uint8Array = new Uint8Array()): Uint8Array {
  return keccak(concatBytes([new TextEncoder().encode(table), id]));
}

function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}
