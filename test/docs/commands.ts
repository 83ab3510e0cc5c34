// Every command line that the documentation tells a reader to type.
import { readText, textFiles } from './pages.ts';

export type DocumentedCommand = { readonly page: string; readonly line: number; readonly command: string };

/** They keep the network up, or bring up their own: test/docs/networks.test.ts runs them. */
export const NETWORKS = [
  'npm start',
  'npm run demo',
  'npx mizu devnet',
  'npx mizu devnet --keep',
  'npx mizu demo --cheat',
];

const PAGES = /^(README|CONTRIBUTING|docs\/[\w-]+|examples\/[\w-]+\/README)\.md$/;
const COMMAND = /^(?:\$ )?((?:npm|npx|node|mizu) (?:[\w./-]+(?: .*)?))$/;

/** In the order of the pages; what stands behind two spaces and `#` is a remark. */
export function documentedCommands(): DocumentedCommand[] {
  return textFiles()
    .filter((path) => PAGES.test(path))
    .flatMap(commandsOf);
}

function commandsOf(page: string): DocumentedCommand[] {
  let isFenced = false;
  return readText(page)
    .split('\n')
    .flatMap((text, i) => {
      if (text.startsWith('```')) isFenced = !isFenced;
      if (!isFenced && !text.startsWith('    ')) return [];
      const command = COMMAND.exec(text.trim().replace(/ {2,}#.*$/, ''))?.[1];
      return command === undefined ? [] : [{ page, line: i + 1, command }];
    });
}
