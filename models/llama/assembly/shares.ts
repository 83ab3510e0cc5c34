// docs/models.md#llama-engine: the shares of all positions in a head's attention.
import { expShort } from "./exp";

/** Makes shares of scores, of which `most` is the largest. */
export function toShares(scores: u32, end: u32, most: f32): void {
  let total: f32 = 0;
  for (let at = scores; at < end; at += 4) {
    const share = <f32>expShort(<f64>(load<f32>(at) - most));
    total += share;
    store<f32>(at, share);
  }
  const inverse: f32 = 1 / total;
  for (let at = scores; at < end; at += 4) store<f32>(at, load<f32>(at) * inverse);
}
