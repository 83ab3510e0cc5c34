import { benchInference } from './bench.ts';
for (const a of JSON.parse(process.argv[2]!)) console.log(await benchInference(a));
