// docs/attestations.md#sample-games: games about what attesters have opened: contracts/src/Samples.sol.
import type { Abi } from 'viem';
import type { GameRecord } from '../node/l1/game-record.ts';
import type { SampleGameRecord } from '../node/l1/sample-record.ts';
import type { NetworkNode } from '../node/node.ts';
import { samplesAbi } from '../protocol/generated/abi.ts';
import { QUESTION_STATUS } from '../protocol/generated/enums.ts';
import type { Address } from '../protocol/hex.ts';
import type { Arena } from './arena.ts';
import type { TraceOracle } from './play.ts';
import { drawSamples, type TraceSample } from './samples.ts';

/** The game's step is the one that is drawn for its sample. */
export type SampleGame = SampleGameRecord & Pick<GameRecord, 'step'> & Pick<TraceSample, 'position'>;

/** Positions of samples are below 2^23; 32^5 is the first power of 32 above them. */
export const SAMPLE_RANGE = 1n << 25n;

const NOTHING = new Uint8Array(0);

/** Our own trace as such a game has it: it stands still from the sample on. */
export function standStillFrom(own: TraceOracle, position: bigint): TraceOracle {
  return {
    hashesAt: (positions) => own.hashesAt(positions.map((asked) => (asked < position ? asked : position))),
    prove: async (asked) => (asked < position ? own.prove(asked) : NOTHING),
  };
}

export type QuestionKey = Pick<SampleGameRecord, 'assertion' | 'attester' | 'commitment'>;

/** `Question` of contracts/src/Questions.sol. */
export function encodeQuestion({ assertion, attester, commitment }: QuestionKey) {
  return { assertion, attester, commitment };
}

/** `SampleKey` of contracts/src/Samples.sol. */
export function encodeSampleKey(game: QuestionKey & Pick<SampleGameRecord, 'sample' | 'challenger'>) {
  return { question: encodeQuestion(game), sample: BigInt(game.sample), challenger: game.challenger };
}

export function createSampleArena(
  { l1, mirror }: Pick<NetworkNode, 'l1' | 'mirror'>,
  address: Address,
): Arena<SampleGame> {
  const samples = { address, abi: samplesAbi } as const;

  /** `void`: the batches are no longer those that the assertion was made about. */
  async function judgedAs({ question, assertion }: SampleGameRecord): Promise<'open' | 'refuted' | 'void'> {
    const [{ status }, stands] = await Promise.all([
      l1.client.readContract({ ...samples, functionName: 'standingOf', args: [question] }),
      l1.client.readContract({ ...samples, functionName: 'stands', args: [assertion] }),
    ]);
    if (!stands) return 'void';
    return status === QUESTION_STATUS.opened ? 'open' : 'refuted';
  }

  async function withStep(record: SampleGameRecord): Promise<SampleGame> {
    const assertion = await mirror.assertion(record.assertion);
    if (assertion === undefined) throw new Error(`game ${record.id} is about an unknown assertion`);
    return { ...record, ...drawSamples(assertion.id, record.attester, assertion.stepCount)[record.sample] };
  }

  return {
    address,
    abi: samplesAbi as Abi,
    range: SAMPLE_RANGE,
    openGames: async () => Promise.all((await mirror.openSampleGames()).map(withStep)),
    accountOf: async (game, side) => (side === 'challenger' ? game.challenger : game.attester),
    encodeKey: encodeSampleKey,
    isOn: async (game) => (await judgedAs(game)) === 'open',
    // The attester has nothing in a game that nobody wins.
    async standingOf(game, side) {
      if ((await judgedAs(game)) === 'open') return 'on';
      return side === 'challenger' ? 'refund' : 'over';
    },
  };
}
