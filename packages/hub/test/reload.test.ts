// A hub that takes options anew while it runs: other certificates among new connections, or nothing where anything is wrong.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHub, type HubOptions, type ReloadOptions, type TlsFiles } from '@streams/hub';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { type Certificate, certificateFor, FakeClock, leakCheck, RawPeer } from '@streams/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectTo, replaceFile, serialAt, serialOf } from './support/certificates.ts';

const POLL_MS = 10_000;
const leaks = leakCheck();
const [first, second] = [certificateFor('127.0.0.1'), certificateFor('127.0.0.1')];
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streams-reload-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await leaks.settled();
});

async function put(name: string, { key, cert }: Certificate): Promise<TlsFiles> {
  await replaceFile(folder, `${name}.key`, key);
  await replaceFile(folder, `${name}.crt`, cert);
  return { keyFile: join(folder, `${name}.key`), certFile: join(folder, `${name}.crt`) };
}

describe('reload', () => {
  let clock: FakeClock;
  let test: TestHub;
  let files: TlsFiles;
  beforeEach(async () => {
    clock = new FakeClock();
    files = await put('first', first);
    test = await startTestHub({ clock, tls: files });
  });
  afterEach(async () => {
    await test.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('goes over to other files, and follows those from then on', async () => {
    const tls = await put('second', second);
    await test.hub.reload({ tls });
    expect(await serialAt(test.port)).toBe(serialOf(second.cert));
    const third = certificateFor('127.0.0.1');
    await put('second', third);
    await put('first', certificateFor('127.0.0.1'));
    await clock.advance(POLL_MS);
    await expect.poll(() => serialAt(test.port)).toBe(serialOf(third.cert));
  });

  it('reads the same files again, to text and back', async () => {
    await put('first', second);
    await test.hub.reload({});
    expect(await serialAt(test.port)).toBe(serialOf(second.cert));
    for (const tls of [first, files]) await test.hub.reload({ tls });
    expect(await serialAt(test.port)).toBe(serialOf(second.cert));
  });

  it("leaves the certificate of the hub's own CA as it is: that one is renewed by itself", async () => {
    const own = await startTestHub({ tls: { dataDirectory: join(folder, 'own') } });
    const serial = await serialAt(own.port);
    await own.hub.reload({ limits: { maxStreams: 7 } });
    expect(await serialAt(own.port)).toBe(serial);
    await own.close();
  });

  it('G5 fails no handshake, and ends no connection', async () => {
    const peer = await RawPeer.connect({ port: test.port, tls: { host: '127.0.0.1', ca: first.cert } });
    const served = new Set<string>();
    for (const pair of [second, first, second]) {
      const handshakes = Array.from({ length: 10 }, async () => {
        const socket = await connectTo(test.port);
        served.add(socket.getPeerCertificate().serialNumber);
        socket.destroy();
      });
      await put('first', pair);
      await test.hub.reload({});
      await Promise.all(handshakes);
      served.add(await serialAt(test.port));
    }
    expect(served).toEqual(new Set([serialOf(first.cert), serialOf(second.cert)]));
    peer.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n');
    expect((await peer.readHead()).status).toBe(200);
    peer.destroy();
  });

  it.each<[options: () => object, says: string]>([
    [() => ({ tls: { ...files, keyFile: join(folder, 'none') } }), 'tls.keyFile: '],
    [() => ({ tls: { key: first.key, cert: second.cert } }), 'tls.key: the key does not belong to the certificate'],
    [() => ({ tls: { keyFile: 'only.key' } }), 'reload: tls.certFile: is missing'],
    [() => ({ tls: { dataDirectory: folder } }), 'tls: needs a restart'],
    [() => ({ tls: false }), 'tls: needs a restart'],
    [() => ({ hostNames: ['other'] }), 'reload: hostNames: needs a restart'],
  ])('changes nothing where something is wrong: %#', async (options, says) => {
    await expect(test.hub.reload(options() as ReloadOptions)).rejects.toMatchObject({
      code: 'STREAMS_INVALID_ARGUMENT',
      message: expect.stringContaining(says),
    });
    expect(await serialAt(test.port)).toBe(serialOf(first.cert));
  });
});

it('has nothing to do in a hub without TLS, and is not for one that is closed', async () => {
  const policies = [{ name: 'backend', keys: [Buffer.alloc(32, 7).toString('base64')], permissions: ['stream:create'] as const }];
  const options: HubOptions = { hostNames: ['localhost'], publicUrl: 'https://localhost', tls: false, policies, logger: false };
  const hub = createHub(options);
  await hub.reload({ tls: false });
  await hub.close();
  await expect(hub.reload({})).rejects.toMatchObject({ code: 'STREAMS_INVALID_STATE' });
});
