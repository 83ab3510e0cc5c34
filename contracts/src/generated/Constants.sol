// SPDX-License-Identifier: MIT
// Generated from protocol/ by scripts/generate/contracts.ts.
pragma solidity 0.8.37;

library Constants {
    string internal constant DOMAIN_NAME = "MIZU";
    string internal constant DOMAIN_VERSION = "1";
    bytes1 internal constant OBJECT_TAG = 0x02;
    bytes1 internal constant PROGRAM_TAG = 0x03;
    bytes1 internal constant RANDOM_TAG = 0x04;
    bytes1 internal constant MACHINE_TAG = 0x08;
    bytes1 internal constant HALTED_TAG = 0x09;
    bytes1 internal constant CONTEXT_TAG = 0x0a;
    uint256 internal constant LEAF_BYTES = 128;
    bytes32 internal constant ZERO_LEAF_HASH = 0x444b5adc238afc6067148cb80b10b6303dc34e35356809851c54631d5a0e571f;
    uint256 internal constant MAX_BATCH_BYTES = 4_194_304;
    uint256 internal constant MAX_BATCH_MESSAGES = 4096;
    uint256 internal constant MAX_COMMITTEE = 32;
    uint256 internal constant MAX_DELAYED_BYTES = 4096;
    uint256 internal constant MAX_DELAYED_DUE = 1024;
    uint256 internal constant MIN_COMMITTEE = 3;
    uint256 internal constant MAX_KERNEL_GAS = 268_435_456;
    uint256 internal constant MAX_MARGIN = 1_000_000;
    uint256 internal constant MAX_MESSAGE_BYTES = 262_144;
    uint256 internal constant MAX_MODEL_GATEWAYS = 8;
    uint256 internal constant MAX_RETENTION_SECONDS = 34_560_000;
    uint256 internal constant MAX_SEQUENCED_BYTES = 67_108_864;
    uint256 internal constant MAX_SUPPLY = 79_228_162_514_264_337_593_543_950_335;
    uint256 internal constant MAX_STAGE_GAS = 17_179_869_184;
    uint256 internal constant GAS_PRICE_FACTOR = 2;
    uint256 internal constant SLOWEST_NS_PER_GAS = 20;
    string internal constant BATCH_MAGIC = "MIZUBAT1";
    uint256 internal constant MAX_OUTPUT_BYTES = 67_108_864;
    uint256 internal constant MAX_PREIMAGE_BYTES = 1024;
    uint256 internal constant STATUS_FAULT = 256;
    uint256 internal constant IMMEDIATE_BIT = 32_768;
    uint256 internal constant INSTRUCTION_BYTES = 16;
    uint256 internal constant NULL_TYPE = 4_294_967_295;
    uint256 internal constant SLOT_COUNT = 65_536;
    uint256 internal constant SLOT_TREE_DEPTH = 12;
    bytes1 internal constant INFERENCE_RESULT = 0x11;
    bytes1 internal constant FIRST_L1_KIND = 0x20;
    bytes1 internal constant DEPOSIT = 0x20;
    bytes1 internal constant GATEWAY_CHANGED = 0x21;
    bytes1 internal constant MODEL_CHANGED = 0x22;
    bytes1 internal constant COMMITTEE_CHANGED = 0x23;
    bytes1 internal constant ITEM_VOIDED = 0x24;
    bytes1 internal constant GAS_PRICE_CHANGED = 0x25;
    uint256 internal constant INFERENCE_ITEM_BYTES = 256;
    uint256 internal constant MAX_INFERENCE_ITEMS = 32;
    uint256 internal constant LAST_SLASHABLE_CLASS = 1;
    uint256 internal constant LAST_MODEL_CLASS = 2;
    bytes32 internal constant CERTIFICATE_TYPEHASH = 0xeced4b7640ca1a3ce200fd38594e8fc41c8728a8a80ffc032ec87d351b1a5a5b;
    bytes32 internal constant PROMISE_TYPEHASH = 0x073868ce6a74977c04364fa79065ca548635eb26bc5c90ded17732e49cff82ed;
    bytes32 internal constant INFERENCE_TYPEHASH = 0xa310a8688b03152921db70d8cf0e098dc21e93cc97bd9476f7f56a8b41971ddb;
    bytes32 internal constant ATTESTATION_TYPEHASH = 0x0ba44c7ed914b84b8c8fe6a8cd974b4c5a4d6ed888d70d9814437d8a8f1caeb0;
    bytes32 internal constant CANARY_TYPEHASH = 0x5a32dc9d6e6467b2311f59fc52691cfd4f15c5f3567f9c1983c0c01b3dc2d4b0;
}
