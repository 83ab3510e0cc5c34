// docs/messages.md#domains: checks who has signed a message, before it is admitted.
import { hashTypedData } from 'viem';
import type { CommitteeRecord, FormerCommitteeRecord } from '../../kernel/records.ts';
import { type Certificate, hashObjects, totalLength } from '../../protocol/certificate.ts';
import { MAX_RETENTION_SECONDS } from '../../protocol/constants.ts';
import { decodeDefinition, objectsOfDefinition } from '../../protocol/definition.ts';
import { MizuError } from '../../protocol/errors.ts';
import { type Address, bytesToHex, type Hex, hexToBytes, isSameAddress } from '../../protocol/hex.ts';
import { hashInferenceItems } from '../../protocol/inference.ts';
import {
  decodeInputs,
  decodeObjects,
  type Message,
  type ProtocolMessage,
  typedMessage,
  type UserMessage,
  type WorkerAccount,
} from '../../protocol/messages.ts';
import { recoverSigner } from '../../protocol/signature.ts';
import type { ObjectRef } from '../../protocol/tree.ts';
import { type Domain, TYPES } from '../../protocol/typed-data.ts';
import type { StateReader } from '../index/state.ts';

export type InferenceResult = ProtocolMessage & { readonly kind: 'InferenceResult' };

export type SigningDomains = { readonly inbox: Domain; readonly registry: Domain; readonly committee: Domain };

/** @throws MizuError `message/bad-signature`, `message/bad-certificate` */
export async function checkSignatures(
  message: Message,
  domains: SigningDomains,
  state: () => StateReader,
): Promise<void> {
  const promises = async (): Promise<CertificateRules> => {
    const reader = state();
    const [current, former, { retention }] = await Promise.all([
      reader.committee(),
      reader.formerCommittee(),
      reader.config(),
    ]);
    return { current, former, retention, now: nowSeconds() };
  };
  switch (message.kind) {
    case 'Deploy': {
      assertUserSignature(message, domains.inbox);
      const { definition, certificate } = decodeDefinition(message.definition);
      return assertCertificate(certificate, objectsOfDefinition(definition), await promises(), domains.committee);
    }
    case 'Run': {
      assertUserSignature(message, domains.inbox);
      const { inputs, certificate } = decodeInputs(message.inputs);
      return assertCertificate(certificate, inputs, await promises(), domains.committee);
    }
    case 'Renew': {
      assertUserSignature(message, domains.inbox);
      const { inputs, certificate } = decodeObjects(message.objects);
      return assertCertificate(certificate, inputs, await promises(), domains.committee);
    }
    case 'Cancel':
    case 'Withdraw':
      return assertUserSignature(message, domains.inbox);
    case 'Settle':
      assertUserSignature(message, domains.inbox);
      return assertAccountSignature(message, domains.registry);
    case 'InferenceResult':
      assertGatewaySignature(message, domains.registry);
      return assertCertificate(message.certificate, resultsOf(message), await promises(), domains.committee);
    // Nobody signs these: anyone may tell the sequencer that a run has expired, and the others come from it and from
    // L1.
    case 'Expire':
    case 'Advance':
    case 'Deposit':
    case 'GatewayChanged':
    case 'ModelChanged':
    case 'CommitteeChanged':
    case 'ItemVoided':
    case 'GasPriceChanged':
      return;
    default:
      // A kind without a case does not compile, so none is taken unsigned by mistake.
      return message satisfies never;
  }
}

/** @throws MizuError `message/bad-signature` */
function assertUserSignature(message: UserMessage, inbox: Domain): void {
  const fields = Object.fromEntries(
    Object.entries(typedMessage(message)).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? bytesToHex(value) : value,
    ]),
  );
  assertSigner(inbox, message.kind, fields, message.signature, message.sender, 'sender');
}

/** @throws MizuError `message/bad-signature` */
function assertGatewaySignature(message: InferenceResult, registry: Domain): void {
  const { gateway, nonce, items, signature } = message;
  const fields = { gateway, nonce, itemsRoot: hashInferenceItems(items) };
  assertSigner(registry, 'InferenceBatch', fields, signature, gateway, 'gateway');
}

/** @throws MizuError `message/bad-signature` */
function assertAccountSignature(account: WorkerAccount, registry: Domain): void {
  const { gateway, worker, total, accountSignature } = account;
  assertSigner(registry, 'WorkerAccount', { gateway, worker, total }, accountSignature, gateway, 'gateway');
}

/** What a certificate is judged by. All of it comes from the state, except the time. */
type CertificateRules = {
  readonly current: CommitteeRecord;
  readonly former: FormerCommitteeRecord | undefined;
  /** For how long bytes must be promised, in seconds. */
  readonly retention: bigint;
  /** Unix seconds. */
  readonly now: bigint;
};

/** @throws MizuError `message/bad-certificate` */
function assertCertificate(
  certificate: Certificate,
  objects: readonly ObjectRef[],
  { current, former, retention, now }: CertificateRules,
  domain: Domain,
): void {
  const { epoch, expiry, signers, signatures } = certificate;
  if (expiry < now + retention || expiry > now + MAX_RETENTION_SECONDS)
    throw badCertificate(`an expiry from ${now + retention} to ${now + MAX_RETENTION_SECONDS}`, String(expiry));
  const committee = former !== undefined && former.epoch === epoch && now <= former.until ? former : current;
  if (epoch !== committee.epoch) throw badCertificate(`epoch ${committee.epoch}`, `epoch ${epoch}`);
  if (signatures.length < committee.threshold)
    throw badCertificate(`${committee.threshold} signatures`, String(signatures.length));
  const fields = { epoch, objectsHash: hashObjects(objects), totalLength: totalLength(objects), expiry };
  let next = 0;
  for (const [bit, member] of committee.members.entries()) {
    if (((signers >> BigInt(bit)) & 1n) === 0n) continue;
    const signer = recover(domain, 'Certificate', fields, signatures[next++] as Hex);
    if (!isSameAddress(signer, member))
      throw badCertificate(`a signature of member ${member} over these objects`, signer ?? 'no signature');
  }
  if (next !== signatures.length)
    throw badCertificate(`signers among the ${committee.members.length} members`, `bitmap ${signers.toString(2)}`);
}

function assertSigner(
  domain: Domain,
  type: keyof typeof TYPES,
  fields: Record<string, unknown>,
  signature: Hex,
  expected: Address,
  role: string,
): void {
  const signer = recover(domain, type, fields, signature);
  if (isSameAddress(signer, expected)) return;
  throw new MizuError({
    code: 'message/bad-signature',
    message: `The signature is not the ${role}'s.`,
    expected: `an EIP-712 signature of ${type} by ${expected}, domain ${domain.name} ${domain.version}, chain ${domain.chainId}, contract ${domain.verifyingContract}`,
    actual: signer === undefined ? 'no signature of 65 bytes with v 27 or 28 and low s' : `one by ${signer}`,
    hint: 'Check chain id, contract and every signed field: docs/messages.md#domains.',
  });
}

function recover(
  domain: Domain,
  type: keyof typeof TYPES,
  fields: Record<string, unknown>,
  signature: Hex,
): Address | undefined {
  const typed = { domain, types: TYPES, primaryType: type, message: fields } as unknown as Parameters<
    typeof hashTypedData
  >[0];
  return recoverSigner(hexToBytes(hashTypedData(typed)), hexToBytes(signature));
}

function badCertificate(expected: string, actual: string): MizuError {
  return new MizuError({
    code: 'message/bad-certificate',
    message: 'The DA certificate does not hold.',
    expected,
    actual,
    hint: 'Store the objects with the DA committee again and use the certificate that it gives.',
  });
}

export function nowSeconds(): bigint {
  return BigInt(Math.floor(Date.now() / 1000));
}

function resultsOf(message: InferenceResult) {
  return message.items.map(({ resultRoot, resultLength }) => ({ root: resultRoot, length: resultLength }));
}
