// Instruction data: questions from passages, two answers to each, a judge between them; no duplicates, and nothing that a test set asks.
import { dataset, z } from 'mizu';
import { isInTestSet } from './contamination.ts';
import { MODEL } from './model.ts';

const Passage = z.object({ id: z.string(), text: z.string() });

export default dataset('instructions', Passage)
  .filter('long-enough', (row) => row.text.length >= 40)
  .check('passage-not-in-test-set', (row) => !isInTestSet(row.text))
  .generate('questions', {
    model: MODEL,
    n: 2,
    seed: 1,
    system: 'You write exam questions. Use only what the passage says.',
    prompt: (row) => `Write one question that this passage answers.\n\n${row.text}`,
    output: z.object({ question: z.string().min(8) }),
    parse: (answer) => answer.question,
  })
  .flatMap('each-question', ({ questions, ...row }) =>
    questions.map((question, i) => ({ ...row, id: `${row.id}/${i}`, question })),
  )
  .check('question-not-in-test-set', (row) => !isInTestSet(row.question))
  .dedupe('same-question', (row) => row.question, { near: 0.7, shingle: 2 })
  .generate('answers', {
    model: MODEL,
    n: 2,
    minAnswers: 2,
    seed: 1,
    prompt: (row) => `Answer from the passage: ${row.question}\n\n${row.text}`,
    output: z.object({ answer: z.string().min(1) }),
    parse: (answer) => answer.answer,
  })
  .judge('better', {
    model: MODEL,
    question: (row) => `${row.question}\n\nPassage:\n${row.text}`,
    a: (row) => row.answers[0]!,
    b: (row) => row.answers[1]!,
    criteria: 'Which answer does the passage support, and which is complete?',
  })
  .map('pick', ({ id, text, question, answers, better }) => ({
    id,
    instruction: question,
    context: text,
    response: better.winner === 'b' ? answers[1]! : answers[0]!,
    verdict: better.winner,
  }))
  .split({ train: 0.9, test: 0.1 });
