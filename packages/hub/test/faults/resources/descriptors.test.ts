// A hub whose process runs out of descriptors: what stands goes on, and who comes later gets in as soon as there are some again.
import { connect, type Socket } from 'node:net';
import { DeviceClient } from '@streams/device';
import { expect, it } from 'vitest';
import { HubProcess } from '../../support/hub-process.ts';
import { observeHub } from '../../support/observe.ts';
import { scrape } from '../../support/prometheus.ts';

const DESCRIPTORS = 300;
const CROWD = 400;

it('D11 a hub with 300 descriptors and 400 connections lives, and takes a device within 5 s of their end', async () => {
  await using test = await HubProcess.start({ maxDescriptors: DESCRIPTORS });
  const watched = await observeHub(test, { pid: test.pid });
  const crowd: Socket[] = [];
  for (let count = 0; count < CROWD; count += 1) {
    crowd.push(connect({ port: test.port, host: '127.0.0.1' }).on('error', () => undefined));
  }
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  // Those for whom there was no descriptor are gone.
  expect(crowd.filter(({ destroyed }) => destroyed).length).toBeGreaterThan(CROWD - DESCRIPTORS - 1);
  for (const socket of crowd) socket.destroy();
  const startMs = performance.now();
  const device = DeviceClient.fromConnectionString(await test.deviceConnectionString('late'));
  await device.connect();
  const tookMs = performance.now() - startMs;
  console.log(`D11: back after ${Math.round(tookMs)} ms`);
  expect(tookMs).toBeLessThan(5_000);
  expect((await scrape(test)).text).toContain('process_open_fds');
  await device.close();
  await watched.settled();
}, 30_000);
