// docs/vm.md#wasi: clocks, random numbers, waiting and the end of the program.
import { EFAULT, EINVAL, Errno, SUCCESS, inMemory } from "./errno";
import { clock, exit, random } from "./mizu";

const CLOCKS: u32 = 4;
const SUBSCRIPTION_BYTES: u32 = 48;
const EVENT_BYTES: u32 = 32;

let randomCounter: u64 = 0;

/** Every clock stands at the run's timestamp, nanoseconds since 1970. */
export function clock_time_get(id: u32, precision: u64, result: u32): Errno {
  if (id >= CLOCKS) return EINVAL;
  if (!inMemory(result, 8)) return EFAULT;
  store<u64>(result, clock());
  return SUCCESS;
}

export function clock_res_get(id: u32, result: u32): Errno {
  if (id >= CLOCKS) return EINVAL;
  if (!inMemory(result, 8)) return EFAULT;
  store<u64>(result, 1);
  return SUCCESS;
}

export function random_get(buffer: u32, length: u32): Errno {
  if (!inMemory(buffer, length)) return EFAULT;
  let left = length;
  for (; left >= 8; left -= 8) {
    store<u64>(buffer, random(randomCounter++));
    buffer += 8;
  }
  if (left > 0) {
    for (let bits = random(randomCounter++); left > 0; left--) {
      store<u8>(buffer++, u8(bits));
      bits >>= 8;
    }
  }
  return SUCCESS;
}

/** Nothing ever blocks: each subscription, a sleep too, is ready at once. */
export function poll_oneoff(subscriptions: u32, events: u32, count: u32, ready: u32): Errno {
  if (count == 0) return EINVAL;
  if (!inMemory(ready, 4) || !inMemory(subscriptions, u64(count) * SUBSCRIPTION_BYTES)) return EFAULT;
  if (!inMemory(events, u64(count) * EVENT_BYTES)) return EFAULT;
  for (let i: u32 = 0; i < count; i++) {
    const userdata = load<u64>(subscriptions + i * SUBSCRIPTION_BYTES);
    const kind = load<u8>(subscriptions + i * SUBSCRIPTION_BYTES, 8);
    const event = events + i * EVENT_BYTES;
    store<u64>(event, userdata);
    // error u16 = 0, then the kind
    store<u64>(event, u64(kind) << 16, 8);
    store<u64>(event, 0, 16);
    store<u64>(event, 0, 24);
  }
  store<u32>(ready, count);
  return SUCCESS;
}

export function sched_yield(): Errno {
  return SUCCESS;
}

export function proc_exit(code: u32): void {
  exit(code);
  unreachable();
}
