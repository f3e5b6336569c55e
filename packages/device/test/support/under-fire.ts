// A session on the machine's own time, its legs through a bad network: cut at random, or long.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { DeviceClient } from '@streams/device';
import { startTestHub } from '@streams/hub/testing';
import { type DeviceStream, ServiceClient } from '@streams/service';
import { FaultProxy, freePort, seededRandom } from '@streams/testkit';
import { DEVICE } from './rig.ts';

interface Fire {
  readonly maxReplayBytes: number;
  readonly durationMs: number;
  /** Between two cuts. */
  readonly minMs: number;
  readonly maxMs: number;
  readonly seed?: number;
}

interface Report {
  /** SHA-256 of what went there, and of what came back. */
  readonly sent: string;
  readonly received: string;
  readonly bytes: number;
  readonly resumes: number;
  readonly events: readonly string[];
  readonly outcome: Awaited<DeviceStream['outcome']>;
  readonly tookMs: number;
}

interface Session {
  readonly stream: DeviceStream;
  /** In front of both legs. */
  readonly legs: FaultProxy;
}

/** An echo over a session; cuts a leg at random until the time is over, then lets the rest come. */
export function underFire({ durationMs, minMs, maxMs, maxReplayBytes, seed = 1 }: Fire): Promise<Report> {
  return withSession(maxReplayBytes, async ({ stream, legs }) => {
    const random = seededRandom(seed);
    const endMs = performance.now() + durationMs;
    const fire = async (): Promise<void> => {
      while (performance.now() < endMs) {
        await new Promise((resolve) => setTimeout(resolve, minMs + random.uniform() * (maxMs - minMs)));
        const leg = legs.connections[Math.floor(random.uniform() * legs.connections.length)];
        // Within a message, most often.
        leg?.inject({ [random.uniform() < 0.5 ? 'up' : 'down']: { cutAfterBytes: Math.floor(random.uniform() * 50_000) } });
      }
    };
    return measured(stream, async (write) => {
      const burning = fire();
      while (performance.now() < endMs) await write(random.bytes(1 + Math.floor(random.uniform() * 60_000)));
      await burning;
    });
  });
}

/** An echo over a session whose legs are as long as that, half of it each way. */
export function throughALongPath(path: { maxReplayBytes: number; bytes: number; roundTripMs: number }): Promise<Report> {
  return withSession(path.maxReplayBytes, ({ stream, legs }) => {
    // From one end to the other and back are four ways through the proxy.
    const latencyMs = path.roundTripMs / 4;
    legs.inject({ up: { latencyMs }, down: { latencyMs } });
    const random = seededRandom(1);
    return measured(stream, async (write) => {
      for (let left = path.bytes; left > 0; left -= 32_768) await write(random.bytes(Math.min(left, 32_768)));
    });
  });
}

/** Compares what `work` writes with what comes back. */
async function measured(stream: DeviceStream, work: (write: (bytes: Uint8Array) => Promise<void>) => Promise<void>): Promise<Report> {
  const [sent, received] = [createHash('sha256'), createHash('sha256')];
  const events: string[] = [];
  for (const name of ['suspended', 'resumed'] as const) stream.on(name, () => events.push(name));
  stream.on('data', (chunk: Buffer) => received.update(chunk));
  const startMs = performance.now();
  await work(async (bytes) => {
    sent.update(bytes);
    if (!stream.write(bytes)) await once(stream, 'drain');
  });
  stream.end();
  const outcome = await stream.outcome;
  const [sentHash, receivedHash] = [sent.digest('hex'), received.digest('hex')];
  const resumes = events.filter((name) => name === 'resumed').length;
  return { sent: sentHash, received: receivedHash, bytes: stream.bytesRead, resumes, events, outcome, tookMs: performance.now() - startMs };
}

async function withSession(maxReplayBytes: number, action: (session: Session) => Promise<Report>): Promise<Report> {
  const port = await freePort();
  const legs = await FaultProxy.listen({ port });
  const hub = await startTestHub({ streamingUrl: `https://127.0.0.1:${legs.port}` }, port);
  const device = DeviceClient.fromConnectionString(await hub.deviceConnectionString(DEVICE), { maxReplayBytes });
  const service = ServiceClient.fromConnectionString(await hub.serviceConnectionString(), { maxReplayBytes });
  try {
    device.onStreamRequest(async (request) => {
      const stream = await request.accept();
      stream.on('error', () => undefined).pipe(stream);
    });
    await device.connect();
    return await action({ stream: await service.createStream(DEVICE, { resume: 'required' }), legs });
  } finally {
    service.destroy();
    device.destroy();
    await Promise.all([service.close(), device.close(), hub.close(), legs.close()]);
  }
}
