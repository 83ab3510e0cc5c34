// docs/vm.md#compiled: what the DataVM has compiled of sealing and writing values. Undefined: it is for the JavaScript here to do.
import type { GuestIo } from './io.ts';

type Compiled = Pick<GuestIo, 'seal' | 'sealWith' | 'canonical'>;

const none = (): undefined => undefined;

export let sealCompiled: Compiled['seal'] = none;
export let sealWithCompiled: Compiled['sealWith'] = none;
export let canonicalCompiled: Compiled['canonical'] = none;

/** From here on. Without it, as in Node, all is done in JavaScript. */
export function useCompiled({ seal, sealWith, canonical }: Compiled): void {
  sealCompiled = seal;
  sealWithCompiled = sealWith;
  canonicalCompiled = canonical;
}
