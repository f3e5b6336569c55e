// One look at the certificate's source at a time: a file system that hangs piles nothing up, and nothing old comes last.
import { deferred, silentLogger } from '@streams/protocol/internal';
import { certificateFor, FakeClock } from '@streams/testkit';
import { expect, it } from 'vitest';
import { Certificates, type ServerIdentity } from '../../src/tls/certificates.ts';

const [first, second, third] = [certificateFor('127.0.0.1'), certificateFor('127.0.0.1'), certificateFor('127.0.0.1')];

it('looks once while a look hangs, and takes what was asked for afterwards last', async () => {
  const clock = new FakeClock();
  const hanging = deferred<ServerIdentity | undefined>();
  const looks: string[] = [];
  const source = {
    checkEveryMs: 1_000,
    load: async () => (looks.push('load'), third),
    newer: () => (looks.push('newer'), hanging.promise),
  };
  const certificates = new Certificates({ identity: first, source }, clock, silentLogger);
  certificates.serve(() => undefined);
  await clock.advance(5_000);
  const reloaded = certificates.reload();
  await clock.advance(5_000);
  expect(looks).toEqual(['newer']);
  hanging.resolve(second);
  await reloaded;
  expect(looks).toEqual(['newer', 'load']);
  expect(certificates.identity).toBe(third);
  await clock.advance(1_000);
  expect(looks).toHaveLength(3);
  certificates.stop();
  expect(clock.pendingTimers).toBe(0);
});
