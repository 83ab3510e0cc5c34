// docs/sdk.md#smoke: `npm run smoke`; with arguments other lines or versions: `npm run smoke -- 20.19.0 22.12.0`.
import { NODE_LINES } from './nodes.fixture.ts';
import { smoke } from './smoke.fixture.ts';

const [, , ...named] = process.argv;
for (const [signal, code] of Object.entries({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }))
  process.once(signal, () => process.exit(code));

await smoke(named.length > 0 ? named : NODE_LINES, ({ status, what, output }) => {
  console.log(`${status.padEnd(7)} ${what}`);
  if (output !== undefined) console.error(output);
  if (status === 'FAIL') process.exitCode = 1;
});
