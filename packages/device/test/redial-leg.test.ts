// redialLeg: what is worth another dial, and what ends it.
import { createError, type Leg, REDIAL_BASE_MS } from '@streams/protocol/internal';
import { FakeClock } from '@streams/testkit';
import { expect, it } from 'vitest';
import { redialLeg } from '../src/redial-leg.ts';

const LOST = createError('CONNECT_FAILED', { details: { cause: 'ECONNRESET' } });
const LEG = {} as Leg;

/** Fails with these, then succeeds. */
function dials(...errors: Error[]): { dial: () => Promise<Leg>; count: () => number } {
  let count = 0;
  const dial = (): Promise<Leg> => {
    const error = errors[count++];
    return error ? Promise.reject(error) : Promise.resolve(LEG);
  };
  return { dial, count: () => count };
}

it('dials again while the hub is not reached', async () => {
  const clock = new FakeClock();
  const { dial, count } = dials(LOST, LOST);
  const leg = redialLeg(dial, clock, new AbortController().signal);
  for (let turn = 0; turn < 3; turn += 1) await clock.advance(REDIAL_BASE_MS);
  expect(await leg).toBe(LEG);
  expect(count()).toBe(3);
  expect(clock.pendingTimers).toBe(0);
});

it.each([
  ['the hub has answered', createError('CONNECT_FAILED', { details: { httpStatus: 503 } })],
  ['the token is gone', createError('STREAM_GONE')],
])('does not where %s', async (_why, error) => {
  const { dial, count } = dials(error);
  await expect(redialLeg(dial, new FakeClock(), new AbortController().signal)).rejects.toBe(error);
  expect(count()).toBe(1);
});

it('stops with the handshake, and leaves no timer', async () => {
  const clock = new FakeClock();
  const handshake = new AbortController();
  const { dial } = dials(LOST, LOST);
  const leg = redialLeg(dial, clock, handshake.signal);
  await clock.advance(0);
  const reason = createError('STREAM_GONE');
  handshake.abort(reason);
  await expect(leg).rejects.toBe(reason);
  expect(clock.pendingTimers).toBe(0);
});
