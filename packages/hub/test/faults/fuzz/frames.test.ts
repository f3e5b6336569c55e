// C3, D4: WebSocket frames that nobody should send: a hub closes with a code of its page.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { closePayload, encodeFrame, type FrameToSend, fuzz, FUZZ_SEED, observeFile, OPCODE, RawPeer } from '@streams/testkit';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { deviceAuthorization } from '../../support/raw.ts';
import { PlainHub } from './support/plain-hub.ts';

const FILE = 'packages/hub/test/faults/fuzz/frames.test.ts';
observeFile();

/** What the hub closes a control link with: docs/protocol.md. 1006: we have ended first, in the middle of a frame. */
const CLOSE_CODES = [1000, 1002, 1003, 1007, 1008, 1009, 4409, 1005, 1006];

const bytes = fc.uint8Array({ maxLength: 40, size: 'max' });
/** A WebSocket frame: one of our messages or none, its header right, mostly. */
const control = fc.constantFrom(
  '{"type":"lost","streamId":"AAECAwQFBgcICQoLDA0ODw"}',
  '{"type":"x"}',
  '{',
  '',
  '[]',
  '{"type":"accept"}',
  'x'.repeat(40_000),
);
const wsFrame: fc.Arbitrary<FrameToSend> = fc.record(
  {
    opcode: fc.oneof(
      { weight: 5, arbitrary: fc.constant(OPCODE.text) },
      fc.constantFrom(OPCODE.ping, OPCODE.pong, OPCODE.continuation, OPCODE.binary),
      fc.nat(15),
    ),
    payload: fc.oneof<fc.Arbitrary<string | Uint8Array>[]>(control, bytes, fc.constantFrom('{"type":"x"}', '{"type":"y"}')),
    fin: fc.integer({ min: 0, max: 20 }).map((n) => n > 0),
    rsv: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1),
    masked: fc.integer({ min: 0, max: 30 }).map((n) => n > 0),
    declaredLength: fc.constantFrom(0, 125, 126, 65_536, 2 ** 31, 2n ** 63n, 2n ** 64n - 1n),
  },
  { requiredKeys: ['opcode', 'payload', 'fin', 'rsv', 'masked'] },
);

let hub: PlainHub;
let authorization: string;

beforeAll(async () => {
  hub = await PlainHub.start();
  authorization = await deviceAuthorization(
    {
      deviceConnectionString: async (id: string) => (await hub.hub.putDevice(id), hub.hub.connectionString({ deviceId: id })),
    } as Parameters<typeof deviceAuthorization>[0],
    'pump-7',
  );
});
afterAll(async () => {
  await hub.expectWell();
  await hub.hub.close();
});

/** A control link that sends them, and then a clean close. */
async function send(frames: readonly FrameToSend[]): Promise<void> {
  const peer = await RawPeer.connect({ port: hub.port });
  const { status } = await peer.upgrade('/v1/devices/pump-7/control', [
    ['Host', '127.0.0.1'],
    ['Authorization', authorization],
    ['Sec-WebSocket-Protocol', 'streams.control.v1'],
  ]);
  assert.equal(status, 101);
  peer.write(Buffer.concat([...frames, { opcode: OPCODE.close, payload: closePayload(1000) }].map(encodeFrame)));
  // Of a frame that promises more the hub waits for the rest.
  peer.end();
  const { code, reason } = await peer.readClose();
  await peer.ended;
  peer.destroy();
  assert(CLOSE_CODES.includes(code), `closed with ${code} ${reason}`);
}

describe(`frames, seed ${FUZZ_SEED}`, () => {
  it('C3 12,000 WebSocket frames are closed with a code of the page', { timeout: 120_000 }, async () => {
    await fuzz({ file: FILE, inputs: 12_000, batch: 12, input: wsFrame, check: send });
  });
});
