// The device's own web page, with curl and in Chromium: `--forward 8080:web`.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Browser, type Page, startBrowser } from '../../../../test/support/browser.ts';
import { hashOf, needs, run, Scratch } from '../../../../test/support/programs.ts';
import { Tunnel } from './support/tunnel.ts';
import { ASSETS, TOGETHER, WebServer } from './support/web-server.ts';

const CURL = needs('/usr/bin/curl', 'curl');

let scratch: Scratch;
let web: WebServer;
let tunnel: Tunnel;
let browser: Browser;

beforeAll(async () => {
  scratch = await Scratch.make();
  web = await WebServer.start();
  tunnel = await Tunnel.start({ services: { web: `127.0.0.1:${web.port}` } });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await tunnel?.stop();
  await web?.close();
  await scratch?.remove();
});

function url(path: string): string {
  return `http://127.0.0.1:${tunnel.port('web')}${path}`;
}

it('curl: three files over one connection that is kept alive', async () => {
  const before = web.connections;
  const names = ['a', 'b', 'c'];
  const args = names.flatMap((name) => ['-o', scratch.file(name), url(`/file/${name}`)]);
  const output = await run(CURL, ['-sS', '-w', '%{http_code} %{num_connects}\n', ...args]);
  expect(output).toEqual({ code: 0, stdout: '200 1\n200 0\n200 0\n', stderr: '' });
  expect(web.connections - before).toBe(1);
  for (const name of names) expect(await hashOf(scratch.file(name))).toBe(web.hashOfFile(name));
});

it('curl: 50 downloads of 1 MB at the same time, each over a connection of its own', async () => {
  const before = web.connections;
  const names = Array.from({ length: TOGETHER }, (_, n) => `t${n}`);
  // The server answers none of them before all of them have asked.
  const args = names.flatMap((name) => ['-o', scratch.file(name), url(`/together/${name}`)]);
  const parallel = ['--parallel', '--parallel-immediate', '--parallel-max', `${TOGETHER}`];
  expect(await run(CURL, ['-sS', '--fail', ...parallel, ...args])).toMatchObject({ code: 0 });
  expect(web.connections - before).toBe(TOGETHER);
  for (const name of names) expect(await hashOf(scratch.file(name))).toBe(web.hashOfFile(name));
});

it('Chromium: a page with 100 assets, all loaded', async () => {
  const page = await openPage();
  const loaded = await page.evaluate(`({
    scripts: [...loaded].sort((a, b) => a - b),
    images: [...document.images].map((image) => image.naturalWidth),
  })`);
  const numbers = Array.from({ length: ASSETS / 2 }, (_, n) => n);
  expect(loaded).toEqual({ scripts: numbers, images: numbers.map((n) => n + 1) });
});

it('Chromium: a WebSocket through the tunnel, in text and 1 MiB of bytes', async () => {
  const page = await openPage();
  const echoed = await page.evaluate(`(async () => {
    const socket = new WebSocket('/echo');
    socket.binaryType = 'arraybuffer';
    const next = () => new Promise((resolve) => (socket.onmessage = ({ data }) => resolve(data)));
    await new Promise((resolve) => (socket.onopen = resolve));
    const texts = [];
    for (const text of ['one', 'two', 'three']) {
      socket.send(text);
      texts.push(await next());
    }
    const bytes = new Uint8Array(2 ** 20).map((_, index) => index * 7);
    socket.send(bytes);
    const back = new Uint8Array(await next());
    const closed = new Promise((resolve) => (socket.onclose = ({ code }) => resolve(code)));
    socket.close(1000);
    return { texts, equal: back.length === bytes.length && back.every((byte, index) => byte === bytes[index]), code: await closed };
  })()`);
  expect(echoed).toEqual({ texts: ['one', 'two', 'three'], equal: true, code: 1000 });
});

it('Chromium: server-sent events arrive one by one', async () => {
  const page = await openPage();
  // Each is sent only after the one before has arrived, so none may wait for the next.
  const events = await page.evaluate(`(async () => {
    const source = new EventSource('/events');
    const next = () => new Promise((resolve) => (source.onmessage = ({ data }) => resolve(data)));
    const received = [await next()];
    for (const text of ['one', 'two', 'three']) {
      const coming = next();
      await fetch('/next/' + text);
      received.push(await coming);
    }
    source.close();
    return received;
  })()`);
  expect(events).toEqual(['hello', 'one', 'two', 'three']);
});

async function openPage(): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(url('/'));
  return page;
}
