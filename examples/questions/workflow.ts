// Generation: question and answer rows from text. The model's name decides who answers: builtin/small runs anywhere.
import { dataset, z } from 'mizu';
import { MODEL } from './model.ts';

const Passage = z.object({ id: z.string(), text: z.string() });
const Pair = z.object({ question: z.string().min(8), answer: z.string().min(1) });

export default dataset('questions', Passage)
  .flatMap('sentences', ({ id, text }) =>
    text
      .split(/(?<=[.!?;])\s+/)
      .filter((sentence) => sentence.split(' ').length >= 6)
      .map((sentence, i) => ({ id: `${id}/${i}`, text: sentence })),
  )
  .dedupe('same-sentence', (row) => row.text.toLowerCase())
  .generate('pair', {
    model: MODEL,
    maxTokens: 160,
    system: 'You write exam questions. Use only what the text says.',
    prompt: (row) => `Write one question that this text answers, and its short answer.\n\n${row.text}`,
    output: Pair,
  })
  .check('answer-in-text', (row) => row.text.toLowerCase().includes(row.pair.answer.toLowerCase()))
  .map('flatten', ({ id, text, pair }) => ({ id, context: text, ...pair }))
  .split({ train: 0.9, test: 0.1 });
