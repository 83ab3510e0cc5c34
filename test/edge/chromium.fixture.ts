// docs/edge.md#tab: a browser for tests, the one that is installed: nothing is downloaded. Without one neither
// puppeteer-core nor its types are needed.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What tests use of a page of puppeteer's. Functions are run in the page. */
export type Page = {
  goto(url: string): Promise<unknown>;
  url(): string;
  click(selector: string): Promise<void>;
  $eval<T>(selector: string, read: (element: Element) => T): Promise<T>;
  waitForFunction<A extends unknown[]>(
    holds: (...values: A) => boolean,
    options: { readonly timeout: number },
    ...values: A
  ): Promise<unknown>;
  on(event: 'console', listener: (message: { text(): string }) => void): unknown;
  on(event: 'pageerror', listener: (error: unknown) => void): unknown;
  close(): Promise<void>;
};

export type Browser = { newPage(): Promise<Page>; close(): Promise<void> };

type Launch = (options: {
  readonly executablePath: string;
  readonly userDataDir: string;
  readonly args: readonly string[];
}) => Promise<Browser>;

const PACKAGE: string = 'puppeteer-core';
const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** Path of the program; undefined if there is none. */
export function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isProgram);
}

/** Without a window. `profile` is the folder of what it keeps. */
export async function launchChromium(executablePath: string, profile: string): Promise<Browser> {
  const { launch } = ((await import(PACKAGE)) as { readonly default: { readonly launch: Launch } }).default;
  return launch({
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
