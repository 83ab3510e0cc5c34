// docs/disputes.md#trial: L1's state at one block, read from its node as a trial asks for it.
import { SimpleStateManager } from '@ethereumjs/statemanager';
import { type Account, type Address as AccountAddress, createAccount } from '@ethereumjs/util';
import type { PublicClient } from 'viem';
import { bytesToHex, hexToBytes } from '../protocol/hex.ts';
import { keccak } from '../protocol/tree.ts';

type Known = { readonly nonce: bigint; readonly balance: bigint; readonly code: Uint8Array };

/** More reads than any call of this network makes. A slot is one request, an account is three. */
const MAX_READS = 1_000;
const NO_CODE = new Uint8Array();

/** What is written stays here. Errors of the node are thrown out of the trial. */
export class L1State extends SimpleStateManager {
  readonly #client: PublicClient;
  readonly #blockNumber: bigint;
  readonly #accounts = new Map<string, Promise<Known>>();
  readonly #slots = new Map<string, Promise<Uint8Array>>();

  constructor(client: PublicClient, blockNumber: bigint) {
    super();
    this.#client = client;
    this.#blockNumber = blockNumber;
  }

  override async getAccount(address: AccountAddress): Promise<Account | undefined> {
    const written = this.topAccountStack();
    if (written.has(address.toString())) return written.get(address.toString());
    const { nonce, balance, code } = await this.#account(address);
    if (nonce === 0n && balance === 0n && code.length === 0) return undefined;
    // A new object each time, because the caller changes it.
    return createAccount({ nonce, balance, codeHash: keccak(code) });
  }

  override async getCode(address: AccountAddress): Promise<Uint8Array> {
    return this.topCodeStack().get(address.toString()) ?? (await this.#account(address)).code;
  }

  override async getStorage(address: AccountAddress, key: Uint8Array): Promise<Uint8Array> {
    return this.topStorageStack().get(`${address.toString()}_${bytesToHex(key)}`) ?? (await this.#slot(address, key));
  }

  #account(address: AccountAddress): Promise<Known> {
    const at = { address: address.toString(), blockNumber: this.#blockNumber };
    return this.#once(this.#accounts, at.address, async () => {
      const [nonce, balance, code] = await Promise.all([
        this.#client.getTransactionCount(at),
        this.#client.getBalance(at),
        this.#client.getCode(at),
      ]);
      return { nonce: BigInt(nonce), balance, code: code === undefined ? NO_CODE : hexToBytes(code) };
    });
  }

  #slot(address: AccountAddress, key: Uint8Array): Promise<Uint8Array> {
    const at = { address: address.toString(), slot: bytesToHex(key), blockNumber: this.#blockNumber };
    return this.#once(this.#slots, `${at.address}_${at.slot}`, async () => {
      const value = await this.#client.getStorageAt(at);
      // Without leading zeros, as the EVM library writes a value; 0 has no byte.
      return value === undefined ? new Uint8Array() : withoutZeros(hexToBytes(value));
    });
  }

  #once<T>(known: Map<string, Promise<T>>, key: string, read: () => Promise<T>): Promise<T> {
    const before = known.get(key);
    if (before !== undefined) return before;
    if (this.#accounts.size + this.#slots.size >= MAX_READS)
      return Promise.reject(new Error(`a trial may read ${MAX_READS} accounts and slots of L1, not more`));
    const reading = read();
    known.set(key, reading);
    return reading;
  }
}

function withoutZeros(value: Uint8Array): Uint8Array {
  const first = value.findIndex((byte) => byte !== 0);
  return first < 0 ? new Uint8Array() : value.slice(first);
}
