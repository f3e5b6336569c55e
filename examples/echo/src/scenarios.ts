// What the demo provokes: each failure in real processes, by its real cause, which can be left out to see the demo notice.
import { Child } from './child.ts';

/** What the scenarios happen in. */
export interface World {
  readonly hub: Child;
  device: Child;
  readonly serviceString: string;
  deviceString(deviceId: string): string;
}

/** One failure. */
export interface Scenario {
  readonly name: string;
  /** The `error.code` that the service must get. */
  readonly code: string;
  /** A part of its message, where that matters. */
  readonly says?: string;
  /** Runs a service into the failure; without the cause it must come out unharmed. */
  run(world: World, withCause: boolean): Promise<Child>;
}

/** A little to send where the amount does not matter. */
const HELLO = Buffer.from('hello');
const CHUNK = Buffer.alloc(65_536, 'streams ');

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'rejected',
    code: 'STREAMS_STREAM_REJECTED',
    says: 'this device offers echo, not ssh',
    run: async (world, withCause) => hello(world, ['echo-1', '--name', withCause ? 'ssh' : 'echo']),
  },
  {
    name: 'not-connected',
    code: 'STREAMS_DEVICE_NOT_CONNECTED',
    run: async (world, withCause) => hello(world, [withCause ? 'offline-1' : 'echo-1']),
  },
  {
    name: 'not-found',
    code: 'STREAMS_DEVICE_NOT_FOUND',
    run: async (world, withCause) => hello(world, [withCause ? 'nobody-1' : 'echo-1']),
  },
  {
    name: 'wrong-key',
    code: 'STREAMS_UNAUTHENTICATED',
    run: async (world, withCause) => {
      const wrongKey = `SharedAccessKey=${Buffer.alloc(32).toString('base64')}`;
      return hello(world, ['echo-1'], withCause ? world.serviceString.replace(/SharedAccessKey=[^;]+/, wrongKey) : world.serviceString);
    },
  },
  {
    name: 'no-answer',
    code: 'STREAMS_HANDSHAKE_TIMEOUT',
    run: async (world, withCause) => {
      // A stopped process keeps its connection and says nothing.
      if (withCause) world.device.signal('SIGSTOP');
      const service = hello(world, ['echo-1', '--timeout', '1000']);
      await service.ended();
      world.device.signal('SIGCONT');
      return service;
    },
  },
  {
    name: 'device-killed',
    code: 'STREAMS_STREAM_TERMINATED',
    run: async (world, withCause) => {
      const service = await midStream(world, withCause);
      if (withCause) {
        await world.device.kill();
        await service.ended();
        world.device = new Child('device', [], world.deviceString('echo-1'));
        await world.device.line('echo-1 is connected');
      }
      return service;
    },
  },
  {
    name: 'hub-killed',
    code: 'STREAMS_STREAM_TERMINATED',
    run: async (world, withCause) => {
      const service = await midStream(world, withCause);
      if (withCause) await world.hub.kill();
      return service;
    },
  },
];

function hello(world: World, args: readonly string[], connectionString: string = world.serviceString): Child {
  const service = new Child('service', args, connectionString);
  service.feed(HELLO, false);
  return service;
}

/** A service in the middle of a transfer that would never end by itself. */
async function midStream(world: World, endless: boolean): Promise<Child> {
  // By default the stream would wait for hub and device to come back.
  const service = new Child('service', ['echo-1', '--resume', 'off'], world.serviceString);
  service.feed(endless ? CHUNK : Buffer.alloc(2 ** 23), endless);
  await service.line('progress: 8 MiB');
  return service;
}
