// docs/vm.md#wasi: WASI preview 1 in terms of the DataVM's primitives; linked into a WASI command when it is built.
export * from "./absent";
export * from "./files";
export * from "./parameters";
export * from "./system";
