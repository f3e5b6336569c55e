// A device and a service whose legs run through a bad network, on a hub that can be started again: where sessions are put to the test.
import type { DeviceClient, DeviceClientSettings, DeviceStream, StreamRequest } from '@streams/device';
import type { HubOptions } from '@streams/hub';
import type { CreateStreamOptions, ServiceClient, ServiceClientSettings } from '@streams/service';
import { type FakeClock, FaultProxy, freePort } from '@streams/testkit';
import { DEVICE, lastingOptions, type Rig, startRig, until } from './rig.ts';

/** See the file's head. */
export interface Scene {
  readonly rig: Rig;
  readonly device: DeviceClient;
  readonly service: ServiceClient;
  /** In front of the device's control link. */
  readonly link: FaultProxy;
  /** In front of all legs: of each stream the device's first, since it dials beside its answer, then the service's. */
  readonly legs: FaultProxy;
  /** What a hub is started with in the place of the first. */
  readonly hub: Pick<HubOptions, 'tls' | 'registry' | 'policies'> & { readonly streamingUrl: string };
}

/** Starts all; the device takes no requests yet. */
export async function startScene(
  options: Partial<HubOptions> = {},
  settingsOn: (clock: FakeClock) => { readonly device?: DeviceClientSettings; readonly service?: ServiceClientSettings } = () => ({}),
): Promise<Scene> {
  const port = await freePort();
  const lasting = await lastingOptions();
  const legs = await FaultProxy.listen({ port });
  const hub = { ...lasting, streamingUrl: `https://127.0.0.1:${legs.port}` };
  const rig = await startRig({ ...hub, ...options }, port);
  rig.onEnd(() => legs.close());
  const link = await rig.proxy();
  const settings = settingsOn(rig.clock);
  const device = await rig.device({ ...settings.device, port: link.port });
  await device.connect();
  return { rig, device, service: await rig.service(settings.service), link, legs, hub };
}

/** One stream, both of its ends, and what has happened to either. */
export interface Pair {
  readonly here: DeviceStream;
  readonly there: DeviceStream;
  readonly request: StreamRequest;
  readonly events: { readonly here: string[]; readonly there: string[] };
}

/** Opens a stream; from then on the device echoes. */
export async function openPair({ device, service, rig }: Scene, options: CreateStreamOptions = {}): Promise<Pair> {
  let found: { stream: DeviceStream; request: StreamRequest } | undefined;
  const unregister = device.onStreamRequest(async (request) => {
    found = { stream: await request.accept(), request };
  });
  const here = await rig.passUntil(service.createStream(DEVICE, options));
  await until('the device has its stream', () => found !== undefined);
  unregister();
  const { stream: there, request } = found as unknown as { stream: DeviceStream; request: StreamRequest };
  return { here, there, request, events: { here: eventsOf(here), there: eventsOf(there) } };
}

function eventsOf(stream: DeviceStream): string[] {
  const events: string[] = [];
  for (const name of ['suspended', 'resumed', 'close'] as const) stream.on(name, () => events.push(name));
  return events;
}

/** Sends a text; resolves with what has come once it ends with that. The caller lets time pass. */
export async function pass(from: DeviceStream, to: DeviceStream, text: string): Promise<string> {
  let received = '';
  const listener = (chunk: Buffer): void => void (received += chunk.toString());
  to.on('data', listener);
  from.write(text);
  await until(`${text} has come`, () => received.endsWith(text) || to.destroyed, WAIT_MS);
  to.off('data', listener);
  return received;
}

/** Milliseconds of the fake clock to each of the machine's: a session that waits is not to run out of its time meanwhile. */
export const STEP_MS = 10;

/** Of the machine's time: for a slow one, and more than a link's longest back-off at {@link STEP_MS}. */
const WAIT_MS = 15_000;
