// A plain stream as a session: what it ends with where its last bytes were never confirmed.
import { FakeClock, seededRandom } from '@streams/testkit';
import { describe, expect, it } from 'vitest';
import { memoryLegPair } from '../../src/leg/memory-leg.ts';
import { openSessionStream, type SessionStream } from '../../src/session/session-stream.ts';
import type { Leg } from '../../src/leg/leg.ts';
import type { SessionRole } from '../../src/wire/session-hello.ts';

const INFO = { id: 'AAECAwQFBgcICQoLDA0ODw', name: 'default', deviceId: 'pump-7' };

/** The service has finished, after the device; its leg dies before the device has said that it has got that. */
async function unconfirmed(): Promise<{ service: SessionStream; device: SessionStream; clock: FakeClock }> {
  const clock = new FakeClock(0);
  const [serviceLeg, deviceLeg] = memoryLegPair(clock);
  const open = (leg: Leg, role: SessionRole, seed: number): SessionStream =>
    openSessionStream(leg, INFO, { role, clock, random: seededRandom(seed) });
  const [service, device] = [open(serviceLeg, 'service', 1), open(deviceLeg, 'device', 2)];
  service.stream.resume();
  device.stream.end('the last bytes');
  await new Promise((resolve) => service.stream.once('end', resolve));
  service.stream.end();
  await new Promise((resolve) => service.stream.once('finish', resolve));
  for (const leg of [serviceLeg, deviceLeg]) leg.terminate();
  await clock.advance(1);
  expect(service.session.state).toBe('suspended');
  return { service, device, clock };
}

describe('a stream that both sides have finished, without a leg for the confirmation', () => {
  it('ends with the session when nothing comes any more', async () => {
    const { service, clock } = await unconfirmed();
    await clock.advance(121_000);
    expect(await service.stream.outcome).toEqual({ by: 'network', reason: '', clean: false });
    expect(service.stream.errored).toMatchObject({ code: 'STREAMS_SESSION_LOST' });
  });

  it('ends at once with its client', async () => {
    const { service } = await unconfirmed();
    service.session.fail('ENDED', 'the client was closed');
    expect(await service.stream.outcome).toMatchObject({ clean: false });
  });
});
