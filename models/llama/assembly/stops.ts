// docs/models.md#llama-sampling: tokens that end an answer.
import { STOPS, STOP_COUNT } from "./layout";
import { header } from "./header";

export function isStop(token: u32): bool {
  const stops = header(STOPS);
  const end = stops + (header(STOP_COUNT) << 2);
  for (let at = stops; at < end; at += 4) if (load<u32>(at) == token) return true;
  return false;
}
