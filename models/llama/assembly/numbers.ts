// docs/models.md#programs: numbers of JSON that need not be whole.
import { endOf } from "../../assembly/json";

const POWERS: i32 = 1_000;

export function isNumber(value: u32): bool {
  if (value == 0) return false;
  const first = <u32>load<u8>(value);
  return first == 0x2d || isDigit(first);
}

/** The value of a number, to about 15 digits. */
export function numberOf(value: u32): f64 {
  const end = endOf(value);
  const isNegative = load<u8>(value) == 0x2d;
  let number: f64 = 0;
  let power: i32 = 0;
  let isPart = false;
  let at = isNegative ? value + 1 : value;
  for (; at < end && (load<u8>(at) | 0x20) != 0x65; at++) {
    const byte = <u32>load<u8>(at);
    if (byte == 0x2e) isPart = true;
    else {
      number = number * 10 + <f64>(byte - 0x30);
      if (isPart) power--;
    }
  }
  if (at < end) power += powerAt(at + 1, end);
  for (; power > 0 && number < 1e300; power--) number *= 10;
  for (; power < 0 && number > 1e-300; power++) number /= 10;
  return isNegative ? -number : number;
}

function powerAt(at: u32, end: u32): i32 {
  const isNegative = load<u8>(at) == 0x2d;
  if (isNegative || load<u8>(at) == 0x2b) at++;
  let power: i32 = 0;
  for (; at < end; at++) power = min<i32>(POWERS, power * 10 + <i32>load<u8>(at) - 0x30);
  return isNegative ? -power : power;
}

function isDigit(byte: u32): bool {
  return byte >= 0x30 && byte <= 0x39;
}
