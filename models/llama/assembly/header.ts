// docs/models.md#llama-image: what the header of the image says.
import { HEADER } from "./layout";

// @ts-ignore: decorator
@inline
export function header(offset: i32): u32 {
  return load<u32>(HEADER + offset);
}
