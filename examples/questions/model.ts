// The model that writes the questions. Any name that a worker of the network serves will do, for example 'openai/gpt-4o-mini'.
export const MODEL: string = 'builtin/small';
