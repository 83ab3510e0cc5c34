// docs/contracts.md#parameters: what is decided when the contracts are deployed.
import type { Address } from '../protocol/hex.ts';
import type { Role } from '../protocol/roles.ts';

/** Where EigenLayer 1.9 is on this L1, and how the network stands in it. */
export type EigenLayerConfig = {
  readonly allocationManager: Address;
  readonly delegationManager: Address;
  readonly strategyManager: Address;
  /** Least seconds between two blocks of L1: EigenLayer counts its delays in blocks. Ethereum's are 12. */
  readonly blockSeconds: number;
  /** Of the page that tells operators about the network; EigenLayer only announces it. */
  readonly metadataUri: string;
  /** The strategies that hold the network's token, 1 to 8. Asked when the token is there; the deploying account must not send meanwhile. */
  readonly strategies: (token: Address) => Promise<readonly Address[]>;
};

/** What the court is made with: docs/court.md#settings. */
export type CourtConfig = {
  /** Of who opens a case; of who appeals twice as much. */
  readonly bondWei: bigint;
  /** Of a round, shared by its voters who were right; the bond is at least four times as much. */
  readonly feeWei: bigint;
  /** That a gateway loses for an item: at most its minimum stake, more than twice the refund and two fees. */
  readonly itemPenaltyWei: bigint;
  /** That a run gets back for an item, at most. */
  readonly refundMaxWei: bigint;
  /** That a run pays for a byte of a result: `KEEP_BYTE_GAS` at the network's price of gas. */
  readonly bytePriceWei: bigint;
  /** Penalties of voters are parts of their stake, of so much of it at most. */
  readonly punishedStakeMaxWei: bigint;
  /** Of a drawn voter that has not committed, in 1/10,000. */
  readonly absentBasisPoints: number;
  /** Of one that has not revealed; more than that. */
  readonly silentBasisPoints: number;
  /** Of one that was nearly alone about a model of class A. */
  readonly minorityBasisPoints: number;
  /** Of each of two rounds. Both of them, `appealSeconds` and `vetoSeconds` are at most `votesSeconds`. */
  readonly commitSeconds: number;
  readonly revealSeconds: number;
  readonly appealSeconds: number;
  readonly vetoSeconds: number;
};

/** What audits are made with: docs/audits.md#settings. */
export type AuditConfig = {
  /** Of a canary that counts, as far as there is so much. */
  readonly rewardWei: bigint;
  /** Of a period whose items are drawn together. Twice this, `commitSeconds` and `openSeconds` is at most the time in which a case can be opened. */
  readonly periodSeconds: number;
  readonly commitSeconds: number;
  readonly openSeconds: number;
  readonly revealSeconds: number;
  /** Between a plant and the batch of its item, at most. */
  readonly plantSeconds: number;
  /** Of items that each validator must run again, in 1/10,000. */
  readonly rateBasisPoints: number;
  /** Periods whose canaries decide about a share, 1 to 16. */
  readonly lookBack: number;
};

/** The least price of gas on the network: docs/contracts.md#gas-price. */
export type GasPriceConfig = {
  /** Wei per gas; the `minGasPrice` of the network's genesis. */
  readonly initialWei: bigint;
  /** That it can ever be. */
  readonly highestWei: bigint;
  /** Between two changes, at least. */
  readonly restSeconds: number;
};

export type DeployConfig = {
  /** Most wei of the token that may ever exist at one time, below 2^96; no amount below is greater. */
  readonly tokenCapWei: bigint;
  readonly windowSeconds: number;
  /** By which the guardian's pause may prolong a window. */
  readonly maxPauseSeconds: number;
  readonly clocksSeconds: number;
  readonly votesSeconds: number;
  readonly graceSeconds: number;
  /** At least window + pause + clocks + votes + grace, else the deployment reverts. */
  readonly unbondingSeconds: number;
  /** That a certificate must still have to run when it reaches L1; at least twice that sum. */
  readonly retentionSeconds: number;
  readonly minimumStakeWei: Readonly<Record<Role, bigint>>;
  /** After which a delayed message must be included. */
  readonly delaySeconds: number;
  /** At most 64 times `leaderSeconds`, else the deployment reverts. */
  readonly maxAheadSeconds: number;
  readonly maxBehindSeconds: number;
  /** Of a sequencer's turn; at most half of `delaySeconds`. */
  readonly slotSeconds: number;
  /** Between naming a committee and its taking over; at least window + pause + clocks. */
  readonly committeeDelaySeconds: number;
  /** For which certificates of the committee before are still taken; at most the delay. */
  readonly committeeOverlapSeconds: number;
  /** Stakes lie in EigenLayer, not in the StakeManager. */
  readonly eigenLayer?: EigenLayerConfig;
  readonly court: CourtConfig;
  readonly audits: AuditConfig;
  readonly gasPrice: GasPriceConfig;
  readonly assertionBondWei: bigint;
  readonly leaderSeconds: number;
  /** Of all fees, for who has attested, in 1/10,000. */
  readonly validatorShareBasisPoints: number;
  /** Part of its stake that an attester loses for a false attestation, in 1/10,000. */
  readonly falseShareBasisPoints: number;
  /** Of each side of a game, for all its moves: two passes of the longest step at least. `clocksSeconds` is at least twice this + extension, and 15 times demand. */
  readonly clockSeconds: number;
  /** That a side has at least, once, after a late move; at most `clockSeconds`. */
  readonly extensionSeconds: number;
  /**
   * In which bytes must be published that are demanded alone, and then what follows from them be demanded or a game be
   * opened. Where many are demanded at once the asserter has up to four times as long.
   */
  readonly demandSeconds: number;
  readonly challengeBondWei: bigint;
  /** Of a demand while no other of the same asserter is open: with n open ones the next costs n + 1 times as much. */
  readonly demandBondWei: bigint;
  /** Of a data-availability challenge while no other is open: with n open ones the next costs n + 1 times as much. */
  readonly daChallengeBondWei: bigint;
  /**
   * In which a piece must be published that a data-availability challenge asks for while no other is open; where many
   * are at once, up to four times that. At most a quarter of `retentionSeconds`.
   */
  readonly daAnswerSeconds: number;
  /** One attestation of so many may be asked about. */
  readonly sampleOdds: bigint;
  /** After an assertion was made, in which its attesters may be asked. */
  readonly sampleAskSeconds: number;
  /** That an attester has to open what it has signed: two passes of the longest step at least. */
  readonly sampleOpenSeconds: number;
  /** What an attester loses that does not open, and one whose machine is refuted. */
  readonly silentPenaltyWei: bigint;
  readonly samplePenaltyWei: bigint;
  /** Of who says that an opened machine is wrong. */
  readonly sampleBondWei: bigint;
  /** Wei of the token that one L1 gas is taken to cost when costs are paid back, times the margin. */
  readonly disputeGasPriceWei: bigint;
  /** In 1/10,000: 15,000 pays costs one and a half times. */
  readonly disputeMarginBasisPoints: number;
  /** Without a confirmation, though there are batches, after which anyone may end the network. */
  readonly escapeSeconds: number;
  /** One account may hold several powers; left out, that is refused. */
  readonly sharedPowers?: boolean;
};

const MIZU = 10n ** 18n;

/** Periods of seconds: a stranger sees a run confirmed within a minute. */
export const DEVNET_CONFIG: DeployConfig = {
  tokenCapWei: 1_000_000_000n * MIZU,
  windowSeconds: 10,
  maxPauseSeconds: 600,
  clocksSeconds: 1_800,
  votesSeconds: 300,
  graceSeconds: 30,
  unbondingSeconds: 2_740,
  retentionSeconds: 7_200,
  minimumStakeWei: {
    executor: 1_000n * MIZU,
    validator: 1_000n * MIZU,
    sequencer: 1_000n * MIZU,
    daMember: 1_000n * MIZU,
    gateway: 1_000n * MIZU,
  },
  delaySeconds: 60,
  maxAheadSeconds: 30,
  maxBehindSeconds: 3_600,
  slotSeconds: 12,
  committeeDelaySeconds: 2_700,
  committeeOverlapSeconds: 1_200,
  court: {
    bondWei: 50n * MIZU,
    feeWei: 10n * MIZU,
    itemPenaltyWei: 500n * MIZU,
    refundMaxWei: 100n * MIZU,
    bytePriceWei: 10n ** 10n,
    punishedStakeMaxWei: 10_000n * MIZU,
    absentBasisPoints: 10,
    silentBasisPoints: 50,
    minorityBasisPoints: 100,
    commitSeconds: 60,
    revealSeconds: 30,
    appealSeconds: 30,
    vetoSeconds: 30,
  },
  audits: {
    rewardWei: MIZU,
    periodSeconds: 60,
    commitSeconds: 60,
    openSeconds: 30,
    revealSeconds: 60,
    plantSeconds: 600,
    rateBasisPoints: 1_000,
    lookBack: 8,
  },
  // A billion instructions cost one MIZU at first.
  gasPrice: { initialWei: 10n ** 9n, highestWei: 10n ** 12n, restSeconds: 300 },
  assertionBondWei: 100n * MIZU,
  leaderSeconds: 10,
  validatorShareBasisPoints: 2_000,
  falseShareBasisPoints: 5_000,
  clockSeconds: 700,
  extensionSeconds: 20,
  demandSeconds: 20,
  challengeBondWei: 50n * MIZU,
  demandBondWei: 5n * MIZU,
  daChallengeBondWei: 5n * MIZU,
  daAnswerSeconds: 120,
  sampleOdds: 8n,
  sampleAskSeconds: 300,
  sampleOpenSeconds: 700,
  silentPenaltyWei: 100n * MIZU,
  samplePenaltyWei: 100n * MIZU,
  sampleBondWei: 50n * MIZU,
  disputeGasPriceWei: 10n ** 12n,
  disputeMarginBasisPoints: 15_000,
  escapeSeconds: 7 * 86_400,
};
