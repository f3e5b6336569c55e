// Chromium without a window. Of playwright's types only what is used stands here: the whole of them needs those of the DOM.
import { createRequire } from 'node:module';
import { needs } from '../../../../../test/support/programs.ts';

export interface Page {
  goto(url: string): Promise<unknown>;
  /** Runs an expression in the page, and waits for its promise. */
  evaluate(expression: string): Promise<unknown>;
}

export interface Browser {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

interface Playwright {
  readonly chromium: { launch(options: { executablePath: string; args: readonly string[] }): Promise<Browser> };
}

/** As root it has no sandbox; and it asks nobody but the page's server. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function startBrowser(): Promise<Browser> {
  const { chromium } = createRequire(import.meta.url)('playwright-core') as Playwright;
  return chromium.launch({ executablePath: needs('/usr/bin/chromium', 'chromium'), args: FLAGS });
}
