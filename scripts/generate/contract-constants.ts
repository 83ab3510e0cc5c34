// docs/contracts.md#constants: the Solidity constants, written from the tables in protocol/.

import { MAX_MARGIN_BASIS_POINTS, MAX_SUPPLY_WEI } from '../../contracts/settings.ts';
import { BATCH_MAGIC } from '../../protocol/batch.ts';
import {
  DOMAIN_NAME,
  DOMAIN_VERSION,
  GAS_PRICE_FACTOR,
  KIND,
  MAX_BATCH_BYTES,
  MAX_BATCH_MESSAGES,
  MAX_COMMITTEE,
  MAX_DELAYED_BYTES,
  MAX_DELAYED_DUE,
  MAX_INFERENCE_ITEMS,
  MAX_KERNEL_GAS,
  MAX_MESSAGE_BYTES,
  MAX_MODEL_GATEWAYS,
  MAX_OUTPUT_BYTES,
  MAX_PREIMAGE_BYTES,
  MAX_RETENTION_SECONDS,
  MAX_SEQUENCED_BYTES,
  MAX_STAGE_GAS,
  MIN_COMMITTEE,
  MODEL_CLASS,
  SLOWEST_NS_PER_GAS,
  STATUS_FAULT,
  TAG,
} from '../../protocol/constants.ts';
import type { Hex } from '../../protocol/hex.ts';
import { INFERENCE_ITEM_BYTES } from '../../protocol/inference.ts';
import { IMMEDIATE_BIT, INSTRUCTION_BYTES, NULL_TYPE, SLOT_COUNT, SLOT_TREE_DEPTH } from '../../protocol/isa.ts';
import { keccakHex, LEAF_BYTES, zeroTreeRoot } from '../../protocol/tree.ts';
import { CANARY_TYPES, TYPES } from '../../protocol/typed-data.ts';

/** Messages from L1 begin at the first kind that only L1 may send. */
const FIRST_L1_KIND = KIND.Deposit;
const SIGNED = { ...TYPES, ...CANARY_TYPES };
const LAST_MODEL_CLASS = Math.max(...Object.values(MODEL_CLASS));

export const SOLIDITY_CONSTANTS_PATH = 'contracts/src/generated/Constants.sol';

export function generateSolidityConstants(): string {
  const lines = [
    text('DOMAIN_NAME', DOMAIN_NAME),
    text('DOMAIN_VERSION', DOMAIN_VERSION),
    byte('OBJECT_TAG', TAG.object),
    byte('PROGRAM_TAG', TAG.program),
    byte('RANDOM_TAG', TAG.random),
    byte('MACHINE_TAG', TAG.machine),
    byte('HALTED_TAG', TAG.halted),
    byte('CONTEXT_TAG', TAG.context),
    number('LEAF_BYTES', LEAF_BYTES),
    hash('ZERO_LEAF_HASH', zeroTreeRoot(0)),
    number('MAX_BATCH_BYTES', MAX_BATCH_BYTES),
    number('MAX_BATCH_MESSAGES', MAX_BATCH_MESSAGES),
    number('MAX_COMMITTEE', MAX_COMMITTEE),
    number('MAX_DELAYED_BYTES', MAX_DELAYED_BYTES),
    number('MAX_DELAYED_DUE', MAX_DELAYED_DUE),
    number('MIN_COMMITTEE', MIN_COMMITTEE),
    number('MAX_KERNEL_GAS', MAX_KERNEL_GAS),
    number('MAX_MARGIN', MAX_MARGIN_BASIS_POINTS),
    number('MAX_MESSAGE_BYTES', MAX_MESSAGE_BYTES),
    number('MAX_MODEL_GATEWAYS', MAX_MODEL_GATEWAYS),
    number('MAX_RETENTION_SECONDS', MAX_RETENTION_SECONDS),
    number('MAX_SEQUENCED_BYTES', MAX_SEQUENCED_BYTES),
    number('MAX_SUPPLY', MAX_SUPPLY_WEI),
    number('MAX_STAGE_GAS', MAX_STAGE_GAS),
    number('GAS_PRICE_FACTOR', GAS_PRICE_FACTOR),
    number('SLOWEST_NS_PER_GAS', SLOWEST_NS_PER_GAS),
    text('BATCH_MAGIC', BATCH_MAGIC),
    number('MAX_OUTPUT_BYTES', MAX_OUTPUT_BYTES),
    number('MAX_PREIMAGE_BYTES', MAX_PREIMAGE_BYTES),
    number('STATUS_FAULT', STATUS_FAULT),
    number('IMMEDIATE_BIT', IMMEDIATE_BIT),
    number('INSTRUCTION_BYTES', INSTRUCTION_BYTES),
    number('NULL_TYPE', NULL_TYPE),
    number('SLOT_COUNT', SLOT_COUNT),
    number('SLOT_TREE_DEPTH', SLOT_TREE_DEPTH),
    byte('INFERENCE_RESULT', KIND.InferenceResult),
    byte('FIRST_L1_KIND', FIRST_L1_KIND),
    byte('DEPOSIT', KIND.Deposit),
    byte('GATEWAY_CHANGED', KIND.GatewayChanged),
    byte('MODEL_CHANGED', KIND.ModelChanged),
    byte('COMMITTEE_CHANGED', KIND.CommitteeChanged),
    byte('ITEM_VOIDED', KIND.ItemVoided),
    byte('GAS_PRICE_CHANGED', KIND.GasPriceChanged),
    number('INFERENCE_ITEM_BYTES', INFERENCE_ITEM_BYTES),
    number('MAX_INFERENCE_ITEMS', MAX_INFERENCE_ITEMS),
    number('LAST_SLASHABLE_CLASS', MODEL_CLASS.tolerance),
    number('LAST_MODEL_CLASS', LAST_MODEL_CLASS),
    hash('CERTIFICATE_TYPEHASH', typeHash('Certificate')),
    hash('PROMISE_TYPEHASH', typeHash('Promise')),
    hash('INFERENCE_TYPEHASH', typeHash('InferenceBatch')),
    hash('ATTESTATION_TYPEHASH', typeHash('Attestation')),
    hash('CANARY_TYPEHASH', typeHash('Canary')),
  ];
  return `// SPDX-License-Identifier: MIT
// Generated from protocol/ by scripts/generate/contracts.ts.
pragma solidity 0.8.37;

library Constants {
${lines.join('\n')}
}
`;
}

function typeHash(name: keyof typeof SIGNED): Hex {
  const fields = SIGNED[name].map((field) => `${field.type} ${field.name}`).join(',');
  return keccakHex(new TextEncoder().encode(`${name}(${fields})`));
}

function text(name: string, value: string): string {
  return `    string internal constant ${name} = "${value}";`;
}

function byte(name: string, value: number): string {
  return `    bytes1 internal constant ${name} = 0x${value.toString(16).padStart(2, '0')};`;
}

// forge fmt puts underscores into numbers of five or more digits.
function number(name: string, value: number | bigint): string {
  const digits = value < 10_000 ? String(value) : value.toLocaleString('en-US').replaceAll(',', '_');
  return `    uint256 internal constant ${name} = ${digits};`;
}

function hash(name: string, value: Hex): string {
  return `    bytes32 internal constant ${name} = ${value};`;
}
