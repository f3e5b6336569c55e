// Chromium without a window. Of playwright's types only what is used stands here: the whole of them needs those of the DOM.
import { createRequire } from 'node:module';
import { needs } from './programs.ts';

export interface Page {
  goto(url: string): Promise<unknown>;
  click(selector: string): Promise<void>;
  /** Runs an expression in the page, and waits for its promise. */
  evaluate(expression: string): Promise<unknown>;
  fill(selector: string, text: string): Promise<void>;
  selectOption(selector: string, value: string): Promise<unknown>;
  textContent(selector: string): Promise<string | null>;
  reload(): Promise<unknown>;
  goBack(): Promise<unknown>;
  setViewportSize(size: { width: number; height: number }): Promise<void>;
  emulateMedia(options: { colorScheme?: 'light' | 'dark'; reducedMotion?: 'reduce' }): Promise<void>;
  addInitScript(script: { content: string }): Promise<unknown>;
  /** Answers requests itself, where `url` fits; a handler that calls `abort` cuts them. */
  route(url: string, handler: (route: Route) => unknown): Promise<unknown>;
  unroute(url: string): Promise<void>;
  on(name: 'console', listener: (message: { type(): string; text(): string }) => void): unknown;
  on(name: 'pageerror', listener: (error: Error) => void): unknown;
  on(name: 'request', listener: (request: Request) => void): unknown;
  readonly keyboard: { press(key: string): Promise<void>; type(text: string): Promise<void> };
  close(): Promise<void>;
  waitForEvent(name: 'download'): Promise<Download>;
}

/** What a page asks of a server. */
interface Request {
  url(): string;
  method(): string;
  headers(): Record<string, string>;
}

/** A request that the test may answer. */
interface Route {
  fulfill(answer: { status: number; headers?: Record<string, string>; body?: string }): Promise<void>;
  abort(): Promise<void>;
  continue(): Promise<void>;
}

/** A file that the browser saves. */
export interface Download {
  /** Resolves when it is over: what the browser says went wrong, or null. */
  failure(): Promise<string | null>;
  path(): Promise<string>;
}

export interface Browser {
  /** With storage of its own. */
  newPage(options?: { ignoreHTTPSErrors?: boolean; locale?: string }): Promise<Page>;
  /** Deletes what was downloaded, too. */
  close(): Promise<void>;
}

interface Playwright {
  readonly chromium: { launch(options: Record<string, unknown>): Promise<Browser> };
}

export const CHROMIUM = '/usr/bin/chromium';

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

/** @param downloadsPath The folder for downloads, where they grow. */
export function startBrowser(downloadsPath?: string): Promise<Browser> {
  const { chromium } = createRequire(import.meta.url)('playwright-core') as Playwright;
  // Else Ctrl-C ends this process before it has cleared up.
  const signals = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
  return chromium.launch({ executablePath: needs(CHROMIUM, 'chromium'), args: FLAGS, downloadsPath, ...signals });
}

/** Opens a page and clicks its link, as a person does; resolves when the download has begun. */
export async function startDownload(browser: Browser, url: string): Promise<Download> {
  const page = await browser.newPage();
  await page.goto(url);
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('a')]);
  return download;
}
