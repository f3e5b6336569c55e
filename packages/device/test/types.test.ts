// What the types of both SDKs promise. `npm run typecheck` is the judge: at run time these tests see nothing.
import { DeviceClient, type LinkState, type LinkTrouble, ReplacedError, type StreamRequest } from '@streams/device';
import {
  type CreateStreamOptions,
  type DeviceStream,
  type ErrorCode,
  ServiceClient,
  StreamRejectedError,
  StreamsError,
  type StreamOutcome,
  StreamTerminatedError,
  StreamTimeoutError,
} from '@streams/service';
import type { Duplex } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { describe, expectTypeOf, it } from 'vitest';

/** A method of pino's. */
interface PinoMethod {
  (fields: object, message?: string, ...values: unknown[]): void;
  (message: string, ...values: unknown[]): void;
}

/** Never run; only its types count. */
const use = (action: (device: DeviceClient, service: ServiceClient, stream: DeviceStream, error: unknown) => unknown): void => void action;

describe('errors', () => {
  it('have a code that is one of a list', () => {
    expectTypeOf<StreamsError['code']>().toEqualTypeOf<ErrorCode>();
    expectTypeOf<string>().not.toExtend<ErrorCode>();
    expectTypeOf<'STREAMS_STREAM_REJECTED' | 'STREAMS_REPLACED'>().toExtend<ErrorCode>();
    // @ts-expect-error: a typing error in a code does not compile
    use((_device, _service, _stream, error) => StreamsError.is(error) && error.code === 'STREAMS_REJECTED');
  });

  it('are narrowed by is(), to their own fields', () => {
    use((_device, _service, _stream, error) => {
      // @ts-expect-error: unknown before
      void error.code;
      if (StreamsError.is(error)) expectTypeOf(error).toEqualTypeOf<StreamsError>();
      if (StreamRejectedError.is(error)) expectTypeOf(error.reason).toEqualTypeOf<string>();
      if (StreamTimeoutError.is(error)) expectTypeOf(error.phase).toEqualTypeOf<'answer' | 'device-leg' | 'service-leg'>();
      if (StreamTerminatedError.is(error)) expectTypeOf(error.by).toEqualTypeOf<'local' | 'peer' | 'hub' | 'network'>();
      if (ReplacedError.is(error)) expectTypeOf(error).toEqualTypeOf<ReplacedError>();
      // @ts-expect-error: the base has none
      if (StreamsError.is(error)) void error.reason;
    });
  });
});

describe('events', () => {
  it('have listeners of the right arguments', () => {
    use((device, service) => {
      device.on('state', (state) => expectTypeOf(state).toEqualTypeOf<LinkState>());
      device.on('disconnected', (trouble) => expectTypeOf(trouble).toEqualTypeOf<LinkTrouble>());
      device.on('connected', (...none) => expectTypeOf(none).toEqualTypeOf<[]>());
      service.on('streamClosed', (stream, outcome) =>
        expectTypeOf({ stream, outcome }).toEqualTypeOf<{ stream: DeviceStream; outcome: StreamOutcome }>(),
      );
      expectTypeOf(service.on('streamOpened', () => undefined)).toEqualTypeOf<() => void>();
      // @ts-expect-error: there is no such event
      device.on('error', () => undefined);
      // @ts-expect-error: a service has no link
      service.on('connected', () => undefined);
      // @ts-expect-error: a listener takes what the event carries
      device.on('state', (state: string) => state);
    });
  });

  it('tell the states apart by name', () => {
    use(({ state }) => {
      if (state.name === 'waiting') expectTypeOf(state.delayMs).toEqualTypeOf<number>();
      // @ts-expect-error: only a link that waits has a delay
      if (state.name === 'connected') void state.delayMs;
    });
  });
});

describe('options', () => {
  it('refuse what they do not know', () => {
    use((_device, service) => {
      // @ts-expect-error: an unknown option
      void service.createStream('pump-7', { timeout: 1_000 });
      // @ts-expect-error: an unknown option
      DeviceClient.fromConnectionString('', { retries: 3 });
      // @ts-expect-error: an unknown option
      ServiceClient.fromConnectionString('', { retries: 3 });
      // @ts-expect-error: not optional
      void new DeviceClient({ hostName: 'h', deviceId: 'd' });
      // @ts-expect-error: milliseconds are a number
      void service.createStream('pump-7', { timeoutMs: '10s' });
    });
    expectTypeOf<CreateStreamOptions['signal']>().toEqualTypeOf<AbortSignal | undefined>();
  });

  it('take what programs have: an environment variable, pino, the console', () => {
    use(() => ServiceClient.fromConnectionString(process.env['STREAMS_CONNECTION_STRING'], { logger: console }));
    use(() =>
      DeviceClient.fromConnectionString(undefined, { logger: {} as Record<'debug' | 'info' | 'warn' | 'error' | 'fatal', PinoMethod> }),
    );
  });
});

describe('resources', () => {
  it('are streams, iterators and disposables of the usual kinds', () => {
    expectTypeOf<DeviceStream>().toExtend<Duplex>();
    expectTypeOf<ReturnType<DeviceStream['web']>['readable']>().toEqualTypeOf<ReadableStream<Uint8Array>>();
    expectTypeOf<ReturnType<DeviceStream['close']>>().toEqualTypeOf<Promise<StreamOutcome>>();
    expectTypeOf<ReturnType<ServiceClient['createStream']>>().resolves.toEqualTypeOf<DeviceStream>();
    use(async (device, service) => {
      for await (const request of device.requests()) expectTypeOf(request).toEqualTypeOf<StreamRequest>();
      await using disposed = service;
      expectTypeOf(await disposed.closed).toEqualTypeOf<void>();
      expectTypeOf(await device.closed).toEqualTypeOf<StreamsError | undefined>();
    });
    expectTypeOf<DeviceClient | ServiceClient | DeviceStream>().toExtend<{
      [Symbol.asyncDispose](): PromiseLike<void>;
      destroy(): unknown;
    }>();
  });
});
