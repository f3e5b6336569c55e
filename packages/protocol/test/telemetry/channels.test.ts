// The channels cost nothing while nobody listens; what they carry is tested with the clients.
import { expect, it } from 'vitest';
import { publishLinkState, publishStreamClose, publishStreamOpen, traceHandshake } from '../../src/telemetry/channels.ts';

it('builds no message, and hands a handshake through, while nobody subscribes', async () => {
  for (const publish of [publishLinkState, publishStreamClose, publishStreamOpen]) publish(() => expect.unreachable());
  const handshake = Promise.resolve(7);
  expect(traceHandshake({ side: 'device', deviceId: 'd', name: 'n', streamId: 's' }, () => handshake)).toBe(handshake);
});
