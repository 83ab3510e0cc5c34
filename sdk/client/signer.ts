// docs/sdk.md#accounts: who signs. A viem account is one already; ethers has an adapter.
import { readFile } from 'node:fs/promises';
import { privateKeyToAccount } from 'viem/accounts';
import { MizuError } from '../../protocol/errors.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import type { Domain } from '../../protocol/typed-data.ts';

type Fields = readonly { readonly name: string; readonly type: string }[];

export type TypedData = {
  readonly domain: Domain;
  readonly types: Readonly<Record<string, Fields>>;
  readonly primaryType: string;
  readonly message: Readonly<Record<string, unknown>>;
};

/** Whoever signs a user's messages (EIP-712). */
export type Signer = {
  readonly address: Address;
  signTypedData(data: TypedData): Promise<Hex>;
  /** Only of signers that were made of a key: needed to send L1 transactions. */
  readonly privateKey?: Hex;
};

/** What is used of an ethers v6 signer. */
export type EthersSigner = {
  getAddress(): Promise<string>;
  signTypedData(
    domain: object,
    types: Record<string, { name: string; type: string }[]>,
    value: Record<string, unknown>,
  ): Promise<string>;
};

/**
 * A signer of a private key: 64 hex digits behind `0x`. Only such a one can also send transactions on L1.
 *
 * @example
 * const signer = fromPrivateKey(await readKeyFile('key.txt'));
 * @throws MizuError `sdk/bad-key`
 */
export function fromPrivateKey(privateKey: Hex): Signer {
  if (!/^0x[0-9a-fA-F]{64}$/.test(privateKey)) throw badKey('something else (not shown)');
  const account = privateKeyToAccount(privateKey);
  return { ...fromViem(account as unknown as ViemAccount), privateKey };
}

export type ViemAccount = { readonly address: Address; signTypedData(data: never): Promise<Hex> };

/**
 * A signer of an account of viem.
 *
 * @example
 * const signer = fromViem(privateKeyToAccount(key));
 */
export function fromViem(account: ViemAccount): Signer {
  return {
    address: account.address.toLowerCase() as Address,
    signTypedData: (data) => account.signTypedData(data as never),
  };
}

/**
 * A signer of a signer of ethers 6.
 *
 * @example
 * const signer = await fromEthers(new Wallet(key));
 */
export async function fromEthers(signer: EthersSigner): Promise<Signer> {
  const address = (await signer.getAddress()).toLowerCase() as Address;
  return {
    address,
    signTypedData: async ({ domain, types, message }) => {
      const copies = Object.entries(types).map(
        ([name, fields]) => [name, fields.map((field) => ({ ...field }))] as const,
      );
      return (await signer.signTypedData(domain, Object.fromEntries(copies), { ...message })) as Hex;
    },
  };
}

/**
 * The key in a file: hex, with or without 0x, white space around it.
 *
 * @example
 * const key = await readKeyFile('key.txt');
 * @throws MizuError `sdk/bad-key`
 */
export async function readKeyFile(path: string): Promise<Hex> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw badKey(`${path} cannot be read: ${(cause as { code?: string }).code}`);
  });
  const digits = text.trim().replace(/^0x/, '');
  if (!/^[0-9a-fA-F]{64}$/.test(digits)) throw badKey(`the contents of ${path} (not shown)`);
  return `0x${digits}`;
}

function badKey(actual: string): MizuError {
  return new MizuError({
    code: 'sdk/bad-key',
    message: 'The private key cannot be used.',
    expected: '64 hex digits',
    actual,
    hint: 'Put it into a file and name that with --key FILE, or set MIZU_PRIVATE_KEY.',
  });
}
