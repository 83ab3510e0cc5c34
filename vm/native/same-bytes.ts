// docs/vm.md#engines: compares memory with the image that it was made from, in Node.js and in a page.

/** Whether two arrays of one length have the same bytes. Node.js does it as fast as the memory is read. */
export const haveSameBytes: (a: Uint8Array, b: Uint8Array) => boolean =
  typeof Buffer === 'undefined' ? compareEach : (a, b) => Buffer.compare(a, b) === 0;

export function compareEach(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
