// docs/vm.md#tree: the unit of every tree. By itself, because programs have it too, which have no use for the hashing of tree.ts.

export const LEAF_BYTES = 128;
