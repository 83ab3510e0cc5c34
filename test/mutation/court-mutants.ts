// Lines of the court, broken one at a time; its forge tests must notice it.
import type { Mutant } from './mutant.ts';

function inCourt(file: string, test: string, changes: readonly (readonly [string, string])[]): Mutant[] {
  return changes.map(([text, replacement]) => ({
    file: `contracts/src/${file}.sol`,
    text,
    replacement,
    checks: [`forge:${test}`],
  }));
}

export const COURT_MUTANTS: readonly Mutant[] = [
  ...inCourt('InferenceCourt', 'InferenceCourt', [
    ['        require(block.timestamp < deadline, TooLate(deadline, block.timestamp));', ''],
    ['        require(last == 0 || _cases[last].status == Status.DISMISSED, CaseExists(last));', ''],
    ['        require(case_.outcome == Outcome.FAULTY, NothingToVeto(id));', ''],
    ['else if (round == 1) case_.round = 2;', 'else if (round == 3) case_.round = 2;'],
  ]),
  ...inCourt('InferenceCourt', 'court/Votes', [
    ['_enroll(id, signed.postedAt - 1);', '_enroll(id, block.timestamp - 1);'],
    ['return agreed && count.inconclusive == 0 ? minorityPenalty : 0;', 'return agreed ? minorityPenalty : 0;'],
    ['        ballot.punished = true;', ''],
    ['if (!case_.exact || decided', 'if (decided'],
  ]),
  ...inCourt('InferenceCourt', 'court/Money', [
    ['_burn(id, lost - lost / 2 + late);', '_burn(id, late);'],
    ['if (case_.appealed == Outcome.UPHELD) lost += 2 * bond;', ''],
    ['toAppellant = rest / 2;', 'toAppellant = 0;'],
  ]),
  ...inCourt('court/Purse', 'court/Money', [['        ballot.paid = true;', '']]),
  ...inCourt('court/Ballots', 'court/Votes', [
    ['revealed * 3 < total * 2', 'revealed * 2 < total'],
    ['uint256(tally.inconclusive) * 2 > revealed', 'uint256(tally.inconclusive) > revealed'],
    ['faulty * 3 >= revealed * 2 && faulty * 2 > total', 'faulty * 3 >= revealed * 2'],
    ['Math.ceilDiv(total, SEATS) : 0', 'stake : 0'],
    ['if (electorate.seed != 0) return;', ''],
  ]),
  ...inCourt('court/SignedItems', 'InferenceCourt', [
    ['        require(registry.wasGateway(signed.gateway), NotGateway(signed.gateway));', ''],
    ['registry.modelAfter(id, delayed)', 'registry.model(id)'],
    ['        require(shown.index < count, Tree.IndexOutOfRange(count, shown.index));', ''],
    ['        require(root == message.root, MessageMismatch(message.root, root));', ''],
  ]),
  ...inCourt('Inbox', 'InferenceCourt', [['        require(msg.sender == court, NotCourt(msg.sender));', '']]),
];
