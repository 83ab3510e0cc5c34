// docs/vm.md#tree: the unit of every tree. It has its own file because programs have it too, and they have no use for
// the hashing of tree.ts.

export const LEAF_BYTES = 128;
