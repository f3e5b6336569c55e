// `npm run chaos` for a moment: cuts alone, seeded, in one process. The hub is real, and so are the sockets.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHub } from '@streams/hub';
import { MAX_SESSION_MESSAGE_BYTES, type Random, systemRandom } from '@streams/protocol/internal';
import { FaultProxy, freePort, leakCheck, seededRandom } from '@streams/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { cutAtRandom, type Harm } from '../src/cuts.ts';
import { Figures } from '../src/figures.ts';
import { Lanes } from '../src/lanes.ts';
import { differs } from '../src/traffic.ts';

const SEED = 1;
const CUTS = 25;
const WINDOW_BYTES = 65_536;
const RHYTHM = { minMs: 5, maxMs: 40, cutsPerStall: 10, maxStallMs: 40 };

/** A hub whose legs are dialled through a bad network. */
async function startHub(random: Random): Promise<{ network: FaultProxy; device: string; service: string }> {
  const leaks = leakCheck();
  const dataDirectory = await mkdtemp(join(tmpdir(), 'streams-chaos-'));
  const port = await freePort();
  const network = await FaultProxy.listen({ port, random });
  const hub = createHub({
    hostNames: ['127.0.0.1'],
    tls: { dataDirectory },
    policies: [{ name: 'chaos', keys: [Buffer.alloc(32, 1).toString('base64')], permissions: ['stream:create'] }],
    streamingUrl: `https://127.0.0.1:${network.port}`,
    logger: false,
  });
  onTestFinished(async () => {
    await network.close();
    await hub.close();
    await rm(dataDirectory, { recursive: true });
    await leaks.settled();
  });

  await hub.listen({ port, host: '127.0.0.1' });
  await hub.putDevice('pump-7');
  const [device, service] = [await hub.connectionString({ deviceId: 'pump-7' }), await hub.connectionString({ policy: 'chaos' })];
  return { network, device, service };
}

it(`a tunnel and a stream carry every byte over ${CUTS} cuts`, async () => {
  const random = seededRandom(SEED);
  const { network, ...strings } = await startHub(random);
  // Short back-offs, since most cuts come before the leg has carried anything.
  const hasty: Random = { bytes: (count) => systemRandom.bytes(count), uniform: () => random.uniform() / 50 };
  const settings = { random: hasty, maxReplayBytes: WINDOW_BYTES };
  const traffic = { maxSliceBytes: 100_000, maxStallMs: 40 };
  const lanes = await Lanes.open({ deviceId: 'pump-7', ...strings, settings, channels: 8, traffic, random });
  onTestFinished(() => lanes.destroy());
  const figures = new Figures([lanes]);
  onTestFinished(() => figures.stop());
  const harm: Harm = { cuts: 0, stalls: 0 };
  const over = new AbortController();
  const fire = cutAtRandom(network, random, RHYTHM, harm, over.signal);
  while (harm.cuts < CUTS) await Promise.race([new Promise((resolve) => setTimeout(resolve, 5)), lanes.failed]);
  const passages = await lanes.finish();
  over.abort();
  await fire;
  expect(passages).toHaveLength(18);
  expect(passages.flatMap(differs)).toEqual([]);
  expect(lanes.tunnels.map((tunnel) => tunnel.stats().resumes)).not.toContain(0);
  expect(figures.peaks[0]).toBeLessThanOrEqual(WINDOW_BYTES + MAX_SESSION_MESSAGE_BYTES);
  expect(await lanes.close()).toEqual([]);
});
