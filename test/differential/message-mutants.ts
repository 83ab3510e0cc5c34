// docs/messages.md: what can be done to a valid message, field by field, with signatures that are good for what it has become.

import { concatBytes } from '../../protocol/hex.ts';
import type { Origin } from '../../protocol/state.ts';
import { START } from '../kernel/world.fixture.ts';
import { certifyAgain, type LayoutField, layoutOf, signAgain } from './message-layout.ts';
import type { SentMessage } from './message-scenes.ts';

/** Behind a message's kind, signature, sender and nonce nothing says who has signed it. */
const UNSIGNED = new Set(['signature']);
/** The first ones of a list stand for those behind them; stage 1 is the first infer stage. */
const REPEATED = /^program [1-9]|^stage [2-9]|^(?:root|length|member) [2-9]/;

/** One change of one field each: every value at the edges of its size, its bytes gone, doubled, or the end of the message. */
export async function* mutantsOf(sent: SentMessage): AsyncGenerator<SentMessage> {
  const fields = layoutOf(sent.bytes);
  const mutant = (how: string, bytes: Uint8Array): SentMessage => ({ ...sent, name: `${sent.name}: ${how}`, bytes });
  yield mutant('as it is', sent.bytes);
  yield { ...mutant('of the other origin', sent.bytes), origin: otherOrigin(sent.origin) };
  for (const field of fields) {
    if (REPEATED.test(field.name)) continue;
    for (const [name, value] of valuesOf(sent.bytes, field)) {
      const changed = sent.bytes.slice();
      changed.set(value, field.at);
      const signed = UNSIGNED.has(field.name) ? changed : await signAgain(changed, sent.signer);
      yield mutant(`${field.name} ${name}`, signed);
      const certified = await certifyAgain(changed, fields);
      if (!isOfCertificate(fields, field) && certified !== changed)
        yield mutant(`${field.name} ${name}, certified`, await signAgain(certified, sent.signer));
    }
    const [head, own, tail] = [
      sent.bytes.subarray(0, field.at),
      sent.bytes.subarray(field.at, field.at + field.size),
      sent.bytes.subarray(field.at + field.size),
    ];
    for (const [name, parts] of [
      [`ends before ${field.name}`, [head]],
      [`ends within ${field.name}`, [head, own.subarray(0, own.length - 1)]],
      [`without ${field.name}`, [head, tail]],
      [`twice ${field.name}`, [head, own, own, tail]],
    ] as const)
      yield mutant(name, await signAgain(concatBytes(parts), sent.signer));
  }
  for (const [name, more] of [
    ['one byte more', new Uint8Array(1)],
    ['64 KiB more', new Uint8Array(65_536).fill(0xff)],
    ['itself behind it', sent.bytes],
  ] as const)
    yield mutant(name, await signAgain(concatBytes([sent.bytes, more]), sent.signer));
  for (const terms of [
    { epoch: 0n },
    { epoch: 2n },
    { signers: [] },
    { signers: [0, 1] },
    { signers: [1, 2, 3] },
    { signers: [0, 1, 2, 3] },
    { signers: [0, 1, 5] },
    { signers: [0, 1, 2, 63] },
    { expiry: START },
    { expiry: START + 34_560_001n },
    { expiry: START + 34_560_000n },
  ]) {
    const certified = await certifyAgain(sent.bytes, fields, terms);
    if (certified !== sent.bytes)
      yield mutant(`certified ${Object.entries(terms).join()}`, await signAgain(certified, sent.signer));
  }
}

/** Several changes of bytes by chance; three of four are signed for what they have become. */
export async function randomMutant(sent: SentMessage, random: (below: number) => number): Promise<SentMessage> {
  const fields = layoutOf(sent.bytes);
  const changed = sent.bytes.slice();
  const names: string[] = [];
  for (let changes = 1 + random(3); changes > 0; changes--) {
    const field = fields[1 + random(fields.length - 1)] as LayoutField;
    const values = valuesOf(sent.bytes, field);
    const [name, value] = values[random(values.length)]!;
    changed.set(value, field.at);
    names.push(`${field.name} ${name}`);
  }
  const cut = random(6) === 0 ? changed.slice(0, random(changed.length)) : changed;
  const certified = cut === changed && random(3) > 0 ? await certifyAgain(changed, fields) : cut;
  const bytes = random(4) > 0 ? await signAgain(certified, sent.signer) : certified;
  const origin = random(8) === 0 ? otherOrigin(sent.origin) : sent.origin;
  return { ...sent, name: `${sent.name}: ${names.join(', ')}`, bytes, origin };
}

function valuesOf(message: Uint8Array, { at, size }: LayoutField): [string, Uint8Array][] {
  const old = message.subarray(at, at + size);
  const flipped = (place: number, bit: number) => old.map((byte, i) => (i === place ? byte ^ bit : byte));
  if (size > 8 && size !== 32)
    return [
      ['flipped', flipped(size - 1, 1)],
      ['zero', new Uint8Array(size)],
    ];
  const top = new Uint8Array(size);
  top[0] = 0x80;
  const values: [string, Uint8Array][] = [
    ['zero', new Uint8Array(size)],
    ['all ones', new Uint8Array(size).fill(0xff)],
    ['top bit', top],
    ['one more', sum(old, 1)],
    ['one less', sum(old, 255)],
    ['flipped', flipped(0, 0x40)],
  ];
  if (size > 1) values.push(['2^8', new Uint8Array(size).fill(1, size - 2, size - 1)]);
  return values.filter(([, value]) => Buffer.compare(value, old) !== 0);
}

/** Modulo 2^8 per byte with the carry: `one` 255 takes one away. */
function sum(old: Uint8Array, one: 1 | 255): Uint8Array {
  const bytes = old.slice();
  for (let i = bytes.length - 1; i >= 0; i--) {
    bytes[i] = (bytes[i]! + one) & 0xff;
    if (bytes[i] !== (one === 1 ? 0 : 0xff)) break;
  }
  return bytes;
}

function isOfCertificate(fields: readonly LayoutField[], field: LayoutField): boolean {
  const start = fields.findLast(({ name }) => name === 'epoch')?.at;
  return start !== undefined && field.at >= start;
}

function otherOrigin(origin: Origin): Origin {
  return origin === 'l1' ? 'sequencer' : 'l1';
}
