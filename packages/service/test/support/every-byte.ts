// Legs that are cut after so many bytes, on the machine's own time: what comes of the stream each time.
import { DeviceClient } from '@streams/device';
import { startTestHub } from '@streams/hub/testing';
import { ServiceClient, StreamsError } from '@streams/service';
import { FaultProxy, freePort, NO_FAULTS } from '@streams/testkit';
import { DEVICE, echo } from './rig.ts';

export interface Cuts {
  readonly direction: 'up' | 'down';
  /** The first cut is after no byte. */
  readonly upToBytes: number;
  readonly stepBytes: number;
}

export interface CutReport {
  /** Codes of the errors, `whole` for a stream that got through, and how often each came. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly slowestMs: number;
}

const TEXT = 'a stream, whole';
const TIMEOUT_MS = 3_000;

/** What may come of it. */
export const OUTCOMES: RegExp = /^(whole( at the end)?|STREAMS_(CONNECT_FAILED|HANDSHAKE_TIMEOUT|STREAM_GONE|STREAM_TERMINATED))$/;
/** The hub ends a handshake after its time, the client by itself five seconds later. */
export const MOST_MS: number = TIMEOUT_MS + 6_000;

/** Opens a stream for each cut, both of whose legs suffer it. */
export async function cutEachLeg({ direction, upToBytes, stepBytes }: Cuts): Promise<CutReport> {
  const port = await freePort();
  const legs = await FaultProxy.listen({ port });
  const hub = await startTestHub({ streamingUrl: `https://127.0.0.1:${legs.port}` }, port);
  const device = DeviceClient.fromConnectionString(await hub.deviceConnectionString(DEVICE));
  const service = ServiceClient.fromConnectionString(await hub.serviceConnectionString());
  device.onStreamRequest(async (request) => void echo((await request.accept()).on('error', () => undefined)));
  await device.connect();
  const outcomes: Record<string, number> = {};
  let slowestMs = 0;
  for (let cutAfterBytes = 0; cutAfterBytes < upToBytes; cutAfterBytes += stepBytes) {
    legs.inject({ [direction]: { cutAfterBytes } });
    const startMs = performance.now();
    const outcome = await attempt(service);
    slowestMs = Math.max(slowestMs, performance.now() - startMs);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  legs.inject({ up: NO_FAULTS, down: NO_FAULTS });
  const last = await attempt(service);
  outcomes[`${last} at the end`] = 1;
  service.destroy();
  device.destroy();
  await Promise.all([service.close(), device.close(), hub.close(), legs.close()]);
  return { outcomes, slowestMs };
}

async function attempt(service: ServiceClient): Promise<string> {
  try {
    const stream = await service.createStream(DEVICE, { resume: 'off', timeoutMs: TIMEOUT_MS });
    const words = (await stream.end(TEXT).toArray()).join('');
    return words === TEXT ? 'whole' : `${words.length} bytes, and an end`;
  } catch (error) {
    return StreamsError.is(error) ? error.code : `untyped: ${String(error)}`;
  }
}
