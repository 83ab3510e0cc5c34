// docs/vm.md#fault
import type { FaultKind } from '../run.ts';

export class MachineFault extends Error {
  readonly kind: FaultKind;

  constructor(kind: FaultKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
