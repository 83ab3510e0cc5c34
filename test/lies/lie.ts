// docs/disputes.md: a lie: which leaf is claimed after which step, and where in the step's trace it begins.
import type { Hex } from '../../protocol/hex.ts';
import { keccakHex } from '../../protocol/tree.ts';
import { TRACE_END, type TraceOracle } from '../../prover/game/play.ts';
import { hashHalted } from '../../vm/step/encode.ts';

export type Lie = {
  readonly name: string;
  /** Of the range: leaf `step + 1` is claimed wrongly. */
  readonly step: number;
  /** 128 bytes. */
  readonly leaf: Uint8Array;
  /** First position of the trace at which the liar's machine is another one; without it only the halted one is. */
  readonly from?: bigint | undefined;
  /** Rejected by `challengeLeaf`, without a game. */
  readonly malformed?: boolean | undefined;
  /** How the liar plays. Default: by the lie. */
  readonly play?: 'garbage' | 'silent' | undefined;
};

/** The trace as the liar tells it: the true one, from `from` on another one, and at its end the claimed leaf. */
export function lyingOracle(own: TraceOracle, lie: Lie, trueLeaf: Uint8Array): TraceOracle {
  const [told, truth] = [lie.leaf, trueLeaf].map((leaf) => hashHalted({ kind: 'commit', leaf })) as [Hex, Hex];
  return {
    prove: own.prove,
    async hashesAt(positions) {
      const hashes = await own.hashesAt(positions);
      return hashes.map((hash, i): Hex => {
        const position = positions[i] as bigint;
        if (hash === truth) return told;
        if (lie.play === 'garbage' && position > 0n) return scramble(hash, position);
        return position < (lie.from ?? TRACE_END) ? hash : scramble(hash, 0n);
      });
    },
  };
}

function scramble(hash: Hex, salt: bigint): Hex {
  return keccakHex(new TextEncoder().encode(`${hash} ${salt}`));
}
