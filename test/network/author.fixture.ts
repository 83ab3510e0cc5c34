// Whoever writes messages in a test network: its objects are on DA, and it signs as a wallet does.
import type { LocalAccount } from 'viem/accounts';
import type { DaClient } from '../../da/client.ts';
import type { Certificate } from '../../protocol/certificate.ts';
import { bytesToHex, type Hex } from '../../protocol/hex.ts';
import { type Message, typedMessage, type UserMessage } from '../../protocol/messages.ts';
import { type ObjectRef, objectRef } from '../../protocol/tree.ts';
import { type Domain, TYPES } from '../../protocol/typed-data.ts';
import type { ObjectStore } from '../../service/storage/objects.ts';
import type { UnsignedMessage } from '../kernel/world.fixture.ts';
import type { Author } from './chain.fixture.ts';

export type NetworkAuthor = Omit<Author, 'certify'> &
  Pick<ObjectStore, 'putAll'> & {
    /** `hours`: default 24. */
    certify(objects: readonly ObjectRef[], hours?: number): Promise<Certificate>;
  };

/** A message of any account. */
export type SignMessage = (signer: LocalAccount, fields: UnsignedMessage) => Promise<Message>;

export function createAuthor(da: DaClient, sign: SignMessage, account: LocalAccount): NetworkAuthor {
  const held = new Map<Hex, Uint8Array>();
  return {
    address: account.address,
    deadline: inHours(2),
    sign: (fields) => sign(account, fields),
    async certify(objects, hours = 24) {
      const bytes = objects.map(({ root }) => held.get(root)!);
      return (await da.put(bytes, { expiry: inHours(hours) })).certificate;
    },
    async putAll(objects) {
      const refs = objects.map(objectRef);
      refs.forEach(({ root }, i) => {
        held.set(root, objects[i]!);
      });
      return refs;
    },
  };
}

export async function signAs(domain: Domain, signer: LocalAccount, fields: UnsignedMessage): Promise<Message> {
  const message = { ...fields, sender: signer.address, signature: '0x' } as UserMessage;
  const signed = { domain, types: TYPES, primaryType: message.kind, message: asHex(typedMessage(message)) };
  return { ...message, signature: await signer.signTypedData(signed as never) };
}

// As a wallet is given it: bytes are hex there.
function asHex(fields: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(fields);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, value instanceof Uint8Array ? bytesToHex(value) : value]),
  );
}

/** Unix seconds, by the machine's clock. */
export function inHours(hours: number): bigint {
  return BigInt(Math.floor(Date.now() / 1000) + hours * 3600);
}
