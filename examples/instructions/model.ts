// The model that writes, answers and judges. Any name that a worker of the network serves will do, for example 'endpoint/llama3.2'.
export const MODEL: string = 'builtin/small';
