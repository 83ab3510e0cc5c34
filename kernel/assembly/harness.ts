// The kernel's trie, keccak and numbers as functions of their own, for tests.

import { keccak } from './keccak';
import { alloc, startMemory } from './memory';
import { objectRoot } from './objects';
import { wei } from './text';
import { closeTrie, get, openTrie, put, valueLength } from './trie';
import { remove } from './trie-delete';
import { add, affordable, fromBytes, multiply, sub, toBytes } from './u256';

export {
  add,
  affordable,
  alloc,
  closeTrie,
  fromBytes,
  get,
  keccak,
  multiply,
  objectRoot,
  openTrie,
  put,
  remove,
  startMemory,
  sub,
  toBytes,
  wei,
};

export function lengthOfValue(): u32 {
  return valueLength;
}
