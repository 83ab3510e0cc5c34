// docs/da.md#challenges: asks on L1 for bytes that a certificate promises, and has its signers slashed if nobody shows them.
import { parseEventLogs } from 'viem';
import { toContractCertificate } from '../contracts/claim.ts';
import { type Certificate, encodeObjects, totalLength } from '../protocol/certificate.ts';
import { daChallengesAbi, mizuTokenAbi } from '../protocol/generated/abi.ts';
import { type Address, bytesToHex } from '../protocol/hex.ts';
import type { ObjectRef } from '../protocol/tree.ts';
import type { L1Account } from '../service/l1/l1.ts';
import type { Sender } from '../service/l1/send.ts';

export type PieceChallenge = {
  /** All that the certificate covers, in its order. */
  readonly objects: readonly ObjectRef[];
  readonly certificate: Certificate;
  /** Which of the objects, and which piece of 4 KiB of it. */
  readonly entry: number;
  readonly piece: number;
};

/** All signers, as bits of a certificate. */
const EVERYBODY = 2 ** 32 - 1;

/**
 * Pays the bond and asks for the piece. The result is the number of the challenge.
 * @throws MizuError `l1/reverted` with the contract's reason, such as `CertificateEndsTooSoon`
 */
export async function challengePiece(
  { client }: Pick<L1Account, 'client'>,
  sender: Sender,
  challenges: Address,
  { objects, certificate, entry, piece }: PieceChallenge,
): Promise<bigint> {
  const contract = { address: challenges, abi: daChallengesAbi } as const;
  const [token, bondWei] = await Promise.all([
    client.readContract({ ...contract, functionName: 'token' }),
    client.readContract({ ...contract, functionName: 'nextBond' }),
  ]);
  const args = [
    bytesToHex(encodeObjects(objects)),
    totalLength(objects),
    toContractCertificate(certificate),
    entry,
    piece,
  ];
  await sender.sendAndWait({ address: token, abi: mizuTokenAbi, functionName: 'approve', args: [challenges, bondWei] });
  const sent = await sender.sendAndWait({ ...contract, functionName: 'challenge', args });
  if (sent.kind !== 'mined') throw new Error('a challenge without an effect to look for was not sent');
  const [event] = parseEventLogs({ abi: daChallengesAbi, eventName: 'BytesChallenged', logs: sent.receipt.logs });
  if (event === undefined) throw new Error('a challenge was mined without its event');
  return event.args.id;
}

/** When nobody has shown the piece in time: slashes all signers. @throws MizuError `l1/reverted` */
export async function expireChallenge(sender: Sender, challenges: Address, id: bigint): Promise<void> {
  const args = [id, EVERYBODY];
  await sender.sendAndWait({ address: challenges, abi: daChallengesAbi, functionName: 'expire', args });
}
