// docs/edge.md#tab: a browser for tests, the one that is installed: nothing is downloaded.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import puppeteer, { type Browser } from 'puppeteer-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** Path of the program; undefined if there is none. */
export function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isProgram);
}

/** Without a window. `profile` is the folder of what it keeps. */
export function launchChromium(executablePath: string, profile: string): Promise<Browser> {
  return puppeteer.launch({
    executablePath,
    userDataDir: profile,
    // Its sandbox cannot be set up by root, or in a container. The pages are those of the test.
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
