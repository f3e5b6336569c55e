// A device that is cut off while five streams run: measured on the wire, in real time.
import { randomBytes } from 'node:crypto';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { leakCheck, type RawPeer } from '@streams/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { observeHub } from '../../support/observe.ts';
import { rawLeg } from '../../support/raw.ts';
import { rawHandshake, welcomed } from '../../support/raw-handshake.ts';
import { call } from '../../support/rest.ts';

const leaks = leakCheck();
let test: TestHub;
beforeEach(async () => {
  test = await startTestHub();
});
afterEach(async () => {
  await test.close();
  await leaks.settled();
});

const newKey = (): string => randomBytes(32).toString('base64');

it.each([
  ['disabled', { method: 'PUT', body: { enabled: false } }],
  ['deleted', { method: 'DELETE', body: undefined }],
  ['given other keys', { method: 'PUT', body: { keys: [newKey(), newKey()] } }],
])(
  'A10 a device that is %s loses its link and its five streams within a second, 1008 on each of the eleven connections',
  async (_how, change) => {
    const watched = await observeHub(test);
    const control = await welcomed(test, 'pump-7');
    const peers: RawPeer[] = [control];
    for (let index = 0; index < 5; index += 1) {
      const { offer, ticket } = await rawHandshake(test, 'pump-7', control);
      const legs = await Promise.all([rawLeg(test, offer.url, offer.token), rawLeg(test, ticket.url, ticket.token)]);
      for (const { peer, answer } of legs) {
        expect((await answer).status).toBe(101);
        peers.push(peer);
      }
    }
    const startMs = performance.now();
    const ends = peers.map(async (peer) => ({ ...(await peer.readClose()), ms: performance.now() - startMs }));
    expect((await call(test, change.method, '/v1/devices/pump-7', { body: change.body })).status).toBeLessThan(300);
    for (const { code, reason, ms } of await Promise.all(ends)) {
      expect({ code, reason }).toEqual({ code: 1008, reason: 'REVOKED;retry=0' });
      expect(ms).toBeLessThan(1_000);
    }
    for (const peer of peers.splice(0)) peer.destroy();
    await watched.settled();
  },
);
