// docs/sdk.md#chain: what `import … from 'mizu'` means inside a workflow file: the chain and zod, nothing that needs a computer.
import * as z from 'zod';

export type { Content, ContentPart, ImagePart, TextPart } from '../../edge/backends/messages.ts';
export type { Aggregate, Aggregates } from './aggregate.ts';
export type { ConverseOptions, Turn } from './converse.ts';
export {
  type Dataset,
  type DatasetOptions,
  type DedupeOptions,
  dataset,
  type GroupOptions,
  type Groups,
  type SplitOptions,
} from './dataset.ts';
export type { EmbedOptions } from './embed.ts';
export { input, type JoinOptions, type JoinRowsOptions, type OtherInput } from './join.ts';
export type { Judgement, JudgeOptions, Vote } from './judge.ts';
export type {
  ClassifyOptions,
  GenerateOptions,
  ModelOptions,
  Rated,
  Rubric,
  ScoreOptions,
  SeveralOptions,
} from './llm.ts';
export type { Message, OnTruncated, Said, Workflow } from './operator.ts';
export type { BatchOptions, Chunk, ChunkOptions, SampleOptions } from './parts.ts';
export type { SimulateOptions } from './simulate.ts';
export type { SortBy, SortOptions, SortOrder } from './sort.ts';
export { z };
