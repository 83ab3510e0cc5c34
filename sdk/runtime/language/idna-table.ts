// docs/sdk.md#language: tr46's table of all characters, 1.3 MB of arrays as it is, as two typed arrays and a text.

/** As tr46 asks for one: its first and last code point, its status, and what it is mapped to. */
export type IdnaRange = readonly [range: readonly [number, number], status: number, mapping?: string];

/** All ranges in order, without gaps: their lengths, a digit each for the status, the mappings between commas. */
export type PackedRanges = { readonly lengths: string; readonly statuses: string; readonly mappings: string };

export type IdnaTables = {
  readonly ranges: PackedRanges;
  readonly patterns: Readonly<Record<string, readonly [source: string, flags: string]>>;
};

const MAPPED = '1';

/** A row of tr46's own table. */
export type IdnaTableRange = readonly [range: number | readonly [number, number], status: number, mapping?: string];

/** @throws Error if the ranges leave a gap */
export function packRanges(table: readonly IdnaTableRange[]): PackedRanges {
  let next = 0;
  const lengths: string[] = [];
  const mappings: string[] = [];
  for (const [range, status, mapping] of table) {
    const [first, last] = typeof range === 'number' ? [range, range] : range;
    const isMapped = String(status) === MAPPED;
    if (first !== next || (isMapped && mapping === undefined)) throw new Error(`IDNA: ${JSON.stringify(range)}`);
    next = last + 1;
    lengths.push((last - first).toString(36));
    // What the other statuses are mapped to is for transitional processing, which URLs do not have.
    if (isMapped) mappings.push(mapping!.replaceAll(',', '\0'));
  }
  return {
    lengths: lengths.join(' ').replaceAll(/\b0\b/g, ''),
    statuses: table.map(([, status]) => status).join(''),
    mappings: mappings.join(','),
  };
}

/** Reads like tr46's array: an element is made when it is asked for. */
export function unpackRanges({ lengths, statuses, mappings }: PackedRanges): readonly IdnaRange[] {
  const sizes = lengths.split(' ');
  const count = sizes.length;
  const starts = new Uint32Array(count + 1);
  // Of each range, where its mapping begins, or would.
  const places = new Uint16Array(count);
  let place = 0;
  for (let i = 0; i < count; i++) {
    starts[i + 1] = starts[i]! + 1 + Number.parseInt(sizes[i]! || '0', 36);
    places[i] = place;
    if (statuses[i] === MAPPED) place = mappings.indexOf(',', place) + 1;
  }
  const rangeAt = (i: number): IdnaRange => {
    const range = [starts[i]!, starts[i + 1]! - 1] as const;
    if (statuses[i] !== MAPPED) return [range, Number(statuses[i])];
    const end = mappings.indexOf(',', places[i]!);
    return [range, 1, mappings.slice(places[i]!, end < 0 ? mappings.length : end).replaceAll('\0', ',')];
  };
  return new Proxy([] as IdnaRange[], {
    get: (_target, name) => (name === 'length' ? count : rangeAt(Number(name))),
  });
}

const given = (globalThis as { __mizu_idna?: IdnaTables }).__mizu_idna;
delete (globalThis as { __mizu_idna?: IdnaTables }).__mizu_idna;

/** What tr46 has as `lib/mappingTable.json`. */
export const ranges = given === undefined ? [] : unpackRanges(given.ranges);
/** What tr46 has as `lib/regexes.js`. */
export const patterns = Object.fromEntries(
  Object.entries(given?.patterns ?? {}).map(([name, [source, flags]]) => [name, new RegExp(source, flags)]),
);
