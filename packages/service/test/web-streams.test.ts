// web() over the real hub: pipes of the web on both sides, there and back.
import { randomBytes } from 'node:crypto';
import { ReadableStream } from 'node:stream/web';
import { deferred } from '@streams/protocol/internal';
import type { DeviceStream, StreamOutcome } from '@streams/service';
import { expect, it } from 'vitest';
import { DEVICE, expectNoLeaks, startRig } from './support/rig.ts';

expectNoLeaks();

/** A stream to a device that pipes it to itself, and how the device's side of it ends. */
async function pipedStream(): Promise<[DeviceStream, Promise<StreamOutcome>]> {
  const rig = await startRig();
  const { promise, resolve } = deferred<StreamOutcome>();
  await rig.device(async (request) => {
    const stream = await request.accept();
    const { readable, writable } = stream.web();
    void stream.outcome.then(resolve);
    await readable.pipeTo(writable).catch(() => undefined);
  });
  return [await (await rig.service()).createStream(DEVICE), promise];
}

it('pipes 8 MiB there and back, byte for byte, to a clean end', async () => {
  const [stream, outcome] = await pipedStream();
  const payload = randomBytes(8 * 2 ** 20);
  const { readable, writable } = stream.web();
  const sent = (new Response(payload).body as unknown as ReadableStream<Uint8Array>).pipeTo(writable);
  const received = await new Response(readable).arrayBuffer();
  await sent;
  expect(Buffer.from(received).equals(payload)).toBe(true);
  expect([await stream.outcome, await outcome]).toMatchObject([{ clean: true }, { clean: true }]);
});

it('is ended for both sides by the signal of a pipe', async () => {
  const [stream, outcome] = await pipedStream();
  const { readable, writable } = stream.web();
  const abort = new AbortController();
  const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1_000)) });
  const sent = endless.pipeTo(writable, { signal: abort.signal });
  await readable.getReader().read();
  abort.abort('enough');
  await expect(sent).rejects.toBe('enough');
  expect(await stream.outcome).toEqual({ by: 'local', reason: 'enough', clean: false });
  expect(await outcome).toEqual({ by: 'peer', reason: 'enough', clean: false });
});
