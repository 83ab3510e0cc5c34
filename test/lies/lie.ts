// docs/disputes.md#lies: a lie: which leaf is claimed after which step, and where in the step's trace it begins.
import { type Game, segmentLength, TRACE_END, type TraceOracle } from '../../dispute/play.ts';
import type { Hex } from '../../protocol/hex.ts';
import { keccakHex } from '../../protocol/tree.ts';
import { type HaltedMachine, hashHalted } from '../../vm/step/encode.ts';

export type Lie = {
  readonly name: string;
  /** Of the range: leaf `step + 1` is claimed wrongly. */
  readonly step: number;
  /** 128 bytes. */
  readonly leaf: Uint8Array;
  /** First position of the trace at which the liar's machine is another one; without it only the halted one is. */
  readonly from?: bigint | undefined;
  /** How the liar plays. Default: by the lie. */
  readonly conduct?: Conduct | undefined;
};

export type Conduct = {
  /** From this list on, his lists are garbage, and he disputes what is not; the ones before it follow the lie. */
  readonly garbageFrom?: number;
  /** Disputes by garbage also in the list that he answers with `garbageFrom`. */
  readonly blind?: boolean;
  /** Says nothing to the list of this number. */
  readonly silentAt?: number;
  /** The machine in which his trace halts, in place of one with the claimed leaf. */
  readonly halted?: HaltedMachine;
};

/** Gives a list of lies, and refuses the truth. */
export function createCorpus(truth: (step: number) => Uint8Array) {
  const lies: Lie[] = [];
  return {
    lies,
    add(name: string, step: number, leaf: Uint8Array, more: Pick<Lie, 'from' | 'conduct'> = {}): void {
      if (Buffer.compare(leaf, truth(step)) === 0) throw new Error(`the lie "${name}" is the truth`);
      lies.push({ name, step, leaf, ...more });
    },
  };
}

/** The part of a game that says what is a look at a list, and what an answer. */
type InGame = Pick<Game, 'lists' | 'startPosition' | 'list'>;

/**
 * The trace as the liar tells it: the true one, from `from` on another one, and at its end the claimed leaf.
 * `trueLeaf`: what the step really ends with. `game`: for a conduct other than the lie's own.
 */
export function lyingOracle(own: TraceOracle, lie: Lie, trueLeaf: Uint8Array, game?: InGame): TraceOracle {
  const { conduct = {} } = lie;
  const truth = hashHalted({ kind: 'commit', leaf: trueLeaf });
  const told = hashHalted(conduct.halted ?? { kind: 'commit', leaf: lie.leaf });
  return {
    prove: own.prove,
    async hashesAt(positions) {
      // Who agrees with all of a list has no answer to it.
      if (game !== undefined && conduct.silentAt === game.lists && isLook(positions, game)) return game.list;
      const hashes = await own.hashesAt(positions);
      const isGarbage = game !== undefined && talksGarbage(conduct, positions, game);
      return hashes.map((hash, i): Hex => {
        const position = positions[i] as bigint;
        if (isGarbage && position > 0n) return scramble(hash, position);
        if (hash === truth) return told;
        return position < (lie.from ?? TRACE_END) ? hash : scramble(hash, 0n);
      });
    },
  };
}

function talksGarbage({ garbageFrom, blind }: Conduct, positions: readonly bigint[], game: InGame): boolean {
  if (garbageFrom === undefined || game.lists + 1 < garbageFrom) return false;
  return game.lists + 1 > garbageFrom || blind === true || !isLook(positions, game);
}

/** The positions of the list that is to be answered, and not those of an answer. */
function isLook(positions: readonly bigint[], { lists, startPosition }: InGame): boolean {
  const length = segmentLength(lists);
  return positions[0] === startPosition + length && positions[1] === startPosition + 2n * length;
}

export function scramble(hash: Hex, salt: bigint): Hex {
  return keccakHex(new TextEncoder().encode(`${hash} ${salt}`));
}
