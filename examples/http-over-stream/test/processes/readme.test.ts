// README.md of this example, typed into three terminals. Only the ports are others.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { shellBlocks, Terminals } from '../../../../test/support/terminals.ts';

const PAGE = 'examples/http-over-stream/README.md';
let directory: string;
let terminals: Terminals;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streams-http-'));
  terminals = new Terminals({});
});
afterAll(async () => {
  await terminals.close();
  await rm(directory, { recursive: true });
});

it('asks a device that listens nowhere, from a program and over a local port', async () => {
  const [hub, device, get = '', browser] = shellBlocks(PAGE);
  const files = { '/tmp/streams-http': join(directory, 'hub') };
  await terminals.type(hub, { ...files, 'hub.js': 'hub.js --port 0' }).prints(/^listening on /m);
  const deviceTerminal = terminals.type(device, files);
  await deviceTerminal.prints(/^pump-7 is connected$/m);

  const [, printed] = /^```text\n(.*?)^```$/ms.exec(await readFile(new URL('../../README.md', import.meta.url), 'utf8')) ?? [];
  expect(await terminals.run(get, files)).toEqual({ code: 0, stdout: printed, stderr: '' });

  const [credentials = ''] = get.split('\n');
  const browserTerminal = terminals.type(`${credentials}\n${browser}`, { ...files, ' 8080': ' 0' });
  const [, url = ''] = await browserTerminal.prints(/^now open (http:\/\/127\.0\.0\.1:\d+\/)$/m);
  expect(await (await fetch(`${url}page`)).json()).toEqual({ device: 'pump-7', method: 'GET', url: '/page', connection: 2 });

  await terminals.interrupt(deviceTerminal);
  expect(await terminals.run(get, files)).toMatchObject({ code: 1, stderr: expect.stringMatching(/not connected/) });
  await expect(fetch(url)).rejects.toThrow();
  await browserTerminal.says(/^no connection to web of pump-7: the device is not connected to the hub$/m);
});
