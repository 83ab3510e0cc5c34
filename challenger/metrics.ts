// docs/prover.md#validator: what a validator has at stake in its games.
import type { Registry } from 'prom-client';
import { createGauges } from '../service/process/gauges.ts';
import type { Fight } from './fight.ts';

export function addFightMetrics(
  registry: Registry,
  { attack, demands, games, doubleNonces, attesting, sampling, court, bondWei, gasUsed }: Fight,
): void {
  const gauge = createGauges(registry, 'validator');
  gauge('games_open', 'our games that are not decided', () => games.openGames);
  gauge(
    'clock_left_seconds',
    'least time that we have left in one of our open games; 0 without a game',
    () => games.clockLeftSeconds,
  );
  gauge(
    'bond_at_risk_wei',
    'bonds of our open games, and of our demands until they are settled',
    () => Number(bondWei) * games.openGames + Number(demands.bondsWei),
  );
  gauge('games_opened', 'games opened since the start', () => attack.opened);
  gauge('leaves_rejected', 'assertions rejected by a malformed leaf since the start', () => attack.leavesRejected);
  gauge('game_moves', 'moves in games since the start', () => games.moves);
  gauge('game_proofs', 'one-step proofs since the start', () => games.proofs);
  gauge('game_timeouts', 'games won by time since the start', () => games.timeouts);
  gauge('games_without_answer', 'our games in which we had nothing to dispute', () => games.lost);
  gauge('game_retries', 'moves that failed since the start and are tried again', () => games.failures);
  gauge('demands_sent', 'leaves and nodes of step lists demanded since the start', () => demands.demanded);
  gauge(
    'demands_expired',
    'assertions rejected since the start because demanded bytes were not published',
    () => demands.expired,
  );
  gauge(
    'double_nonces_proven',
    'gateways slashed since the start for a nonce of two batches',
    () => doubleNonces.proofs,
  );
  gauge('attested', 'assertions attested since the start', () => attesting?.attest.signed ?? 0);
  gauge('attestations_recorded', 'transactions that recorded attestations', () => attesting?.attest.recorded ?? 0);
  gauge('fees_collected_wei', 'share of the fees collected since the start', () =>
    Number(attesting?.attest.collectedWei ?? 0n),
  );
  gauge(
    'false_attestations',
    'attestations of wrong assertions found since the start',
    () => attesting?.prosecution.found ?? 0,
  );
  gauge(
    'false_attestations_proven',
    'of them proven on L1 by us since the start',
    () => attesting?.prosecution.proven ?? 0,
  );
  gauge('items_audited', 'items of gateways run again since the start', () => court?.audits.audited ?? 0);
  gauge('items_disputed', 'cases opened at the court since the start', () => court?.disputes.disputed ?? 0);
  gauge('audit_items', 'items run again since the start because they were drawn', () => court?.looks.looked ?? 0);
  gauge('audit_findings', 'of them wrong', () => court?.looks.found ?? 0);
  gauge('audits_committed', 'periods with findings committed since the start', () => court?.exams.committed ?? 0);
  gauge('audits_revealed', 'periods with findings revealed since the start', () => court?.exams.revealed ?? 0);
  gauge('votes_committed', 'votes committed at the court since the start', () => court?.votes.committed ?? 0);
  gauge('votes_revealed', 'votes revealed at the court since the start', () => court?.votes.revealed ?? 0);
  gauge('game_gas', 'L1 gas of games, demands and attestations since the start', () => Number(gasUsed()));
  const { questions, refutations, attack: refuting, defence } = sampling ?? NO_SAMPLING;
  gauge('questions_asked', 'attesters asked for their samples since the start', () => questions.asked);
  gauge('questions_answered', 'questions to us answered since the start', () => questions.opened);
  gauge(
    'questions_unanswerable',
    'questions to us that our own execution does not answer',
    () => questions.unanswerable,
  );
  gauge('questions_expired', 'attesters slashed since the start because they did not answer', () => questions.expired);
  gauge('samples_refuted', 'games opened about machines of attesters since the start', () => refutations.challenged);
  gauge(
    'sample_games_open',
    'our games about samples that are not decided',
    () => refuting.openGames + defence.openGames,
  );
}

const NO_SAMPLING = {
  questions: { asked: 0, opened: 0, expired: 0, unanswerable: 0 },
  refutations: { challenged: 0 },
  attack: { openGames: 0 },
  defence: { openGames: 0 },
};
