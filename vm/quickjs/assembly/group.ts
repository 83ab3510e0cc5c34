// docs/sdk.md#facts: orders the records of a facts object by their group, as they are written.
import { allocate, release } from "./engine";

/** Length of the last result in bytes. */
export let groupedLength: u32 = 0;

/**
 * `count` records have `1 + words` u32 each, the first of which is a group. The result are `groups + 1` numbers of
 * records, then the records without their group. The caller frees it. It is 0 without memory, or if a group does not
 * exist.
 */
export function groupRecords(records: u32, count: u32, words: u32, groups: u32): u32 {
  const offsets: u32 = 4 * (groups + 1);
  groupedLength = offsets + 4 * words * count;
  // Behind the result stands how many bytes of each group are written.
  const result = allocate(groupedLength + 4 * groups + 4);
  if (result == 0) return 0;
  const places = result + groupedLength;
  memory.fill(result, 0, offsets);
  const stride: u32 = 4 * (words + 1);
  const end = records + stride * count;
  for (let at = records; at < end; at += stride) {
    const group = load<u32>(at);
    if (group >= groups) {
      release(result);
      return 0;
    }
    const counter = result + 4 + 4 * group;
    store<u32>(counter, load<u32>(counter) + 1);
  }
  let sum: u32 = 0;
  for (let group: u32 = 0; group < groups; group++) {
    store<u32>(places + 4 * group, offsets + 4 * words * sum);
    sum += load<u32>(result + 4 * group, 4);
    store<u32>(result + 4 * group, sum, 4);
  }
  for (let at = records; at < end; at += stride) {
    const place = places + 4 * load<u32>(at);
    const target = load<u32>(place);
    memory.copy(result + target, at + 4, 4 * words);
    store<u32>(place, target + 4 * words);
  }
  return result;
}
