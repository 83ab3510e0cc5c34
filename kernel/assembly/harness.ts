// The kernel's trie, keccak and numbers as functions of their own, for tests.

import { alloc, startMemory } from './memory';
import { keccak } from './keccak';
import { objectRoot } from './objects';
import { closeTrie, get, openTrie, put, valueLength } from './trie';
import { remove } from './trie-delete';
import { wei } from './text';
import { add, affordable, multiply, sub } from './u256';

export { add, affordable, alloc, closeTrie, get, keccak, multiply, objectRoot, openTrie, put, remove, startMemory, sub, wei };

export function lengthOfValue(): u32 {
  return valueLength;
}
