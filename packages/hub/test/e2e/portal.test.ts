// The portal as an operator uses it, in headless Chromium: signing in, looking, cutting a device off, and what must never happen.
import { leakCheck } from '@streams/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/streams.ts';
import { KEYS, PortalScene, type WatchedPage } from './support/portal.ts';

const leaks = leakCheck();
const HOSTILE = '\u202egnp.exe\u0007<img src=x onerror=alert(1)>';
let scene: PortalScene;
let watched: WatchedPage;
beforeAll(async () => {
  scene = await PortalScene.start();
  await scene.device('pump-7', HOSTILE);
  await scene.device('pump-8');
  for (const name of ['sensor-1', 'sensor-2', "-.%_*?!(),:=@$'", 'x'.repeat(128)]) await scene.test.deviceConnectionString(name);
});
afterEach(async () => {
  await watched.page.close();
});
afterAll(async () => {
  await scene.close();
  await leaks.settled();
});

describe('signing in', () => {
  it('takes a connection string, and keeps it to itself', async () => {
    watched = await scene.open();
    const { page } = watched;
    await watched.signIn(await scene.test.serviceConnectionString('operator'));
    await watched.sees('Streaming endpoint');
    await watched.sees(scene.test.url);
    expect(await page.evaluate('document.title')).toContain('Overview');
    const kept = await page.evaluate(`JSON.stringify([
      document.documentElement.outerHTML, [...document.querySelectorAll('input')].map((input) => input.value),
      { ...localStorage }, { ...sessionStorage }, document.cookie, location.href, history.state, performance.getEntries().map(({ name }) => name)])`);
    expect(kept).not.toContain(KEYS.operator);
    expect(kept).not.toContain(encodeURIComponent(KEYS.operator));
    expect(kept).not.toContain('sig=');
    expect(watched.requests.join()).not.toMatch(/sig=|skn=/);
    await page.reload();
    await watched.sees('Sign in');
    expect(watched.faults).toEqual([]);
  });

  it('takes name and key, and signs out', async () => {
    watched = await scene.open();
    const { page } = watched;
    await page.click('text=Name and key');
    await watched.enter('Policy name', 'operator');
    await page.fill('.sign-in input[type=password]', KEYS.operator);
    await page.click('.sign-in button[type=submit]');
    await watched.sees('operator');
    await page.click('text=Sign out');
    await watched.sees('What you enter stays in the memory');
    const asked = watched.requests.length;
    await page.evaluate('new Promise((resolve) => setTimeout(resolve, 300))');
    expect(watched.requests).toHaveLength(asked);
    expect(await page.evaluate('document.querySelectorAll("header, table").length')).toBe(0);
    expect(watched.faults).toEqual([]);
  });

  it.each([
    { entered: 'nonsense', said: 'no connection string' },
    { entered: `HostName=h;DeviceId=a;SharedAccessKey=${KEYS.reader}`, said: 'of a device' },
    { entered: `HostName=127.0.0.1;SharedAccessKeyName=operator;SharedAccessKey=${KEYS.reader}`, said: 'refused this key' },
    { entered: `HostName=127.0.0.1;SharedAccessKeyName=nobody;SharedAccessKey=${KEYS.reader}`, said: 'refused this key' },
    { entered: `HostName=other.example;SharedAccessKeyName=x;SharedAccessKey=${KEYS.reader}`, said: 'is for other.example' },
  ])('says what is wrong: $said', async ({ entered, said }) => {
    watched = await scene.open();
    await watched.signIn(entered);
    await watched.sees(said);
    expect(await watched.page.textContent('[role=alert]')).not.toContain(KEYS.reader);
    // The browser notes the refusal by itself.
    expect(watched.faults.filter((fault) => !fault.includes('401'))).toEqual([]);
  });

  it('says so of a JWT that is none, and of one that nobody trusts', async () => {
    watched = await scene.open();
    await watched.page.click('text=Token');
    await watched.signIn('no.jwt');
    await watched.sees('no JWT');
    await watched.signIn('eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.c2ln');
    await watched.sees('refused this token');
  });

  it('works on a machine whose clock is wrong', async () => {
    watched = await scene.open();
    await watched.page.evaluate('{ const now = Date.now; Date.now = () => now() - 5 * 3_600_000; }');
    await watched.signIn(await scene.test.serviceConnectionString('operator'));
    await watched.sees('Streaming endpoint');
    expect(watched.requests.filter((request) => request === 'GET /v1/hub').length).toBeGreaterThanOrEqual(2);
  });
});

describe('devices', () => {
  it('are listed, found by what their id begins with, and stand in the address', async () => {
    watched = await scene.signedIn('#/devices');
    const { page } = watched;
    await watched.sees('sensor-1');
    expect(await watched.row('pump-7')).toContain('Connected');
    expect(await watched.row('sensor-1')).toContain('Not connected');
    await watched.enter('Device id begins with', 'sensor');
    await watched.seesNot('pump-7');
    expect(await page.evaluate('location.hash')).toBe('#/devices?prefix=sensor');
    await watched.enter('Connection', 'true');
    await watched.sees('No device fits.');
    await watched.enter('Connection', '');
    await watched.sees('sensor-2');
    expect(await page.evaluate('document.documentElement.outerHTML')).not.toMatch(/SharedAccessKey|"keys"/);
    expect(watched.faults).toEqual([]);
  });

  it('one that is disabled is cut off, stream and all, and may come back', async () => {
    const device = await scene.device('victim');
    const stream = await scene.stream('victim', 'ssh');
    watched = await scene.signedIn('#/devices?prefix=victim');
    const { page } = watched;
    await page.click('[aria-label="Disable victim"]');
    await watched.sees('Disable victim?');
    await page.keyboard.press('Escape');
    expect(await watched.row('victim')).toContain('Enabled');
    await page.click('[aria-label="Disable victim"]');
    await page.click('dialog .primary');
    await watched.sees('Disabled');
    expect(await stream.outcome).toMatchObject({ by: 'hub', clean: false });
    await until(() => device.state.name !== 'connected');
    await watched.until('document.querySelector("tbody").innerText.includes("Not connected")');
    expect(await watched.focused()).toBe('Enable victim');
    await page.click('[aria-label="Enable victim"]');
    await page.click('dialog .primary');
    await watched.sees('Enabled');
    expect(watched.faults).toEqual([]);
  });

  it('may be looked at without the right to change them, and that is said', async () => {
    watched = await scene.signedIn('#/devices?prefix=pump-8', 'reader');
    const { page } = watched;
    await page.click('[aria-label="Disable pump-8"]');
    await page.click('dialog .primary');
    await watched.sees('permission device:write, which your policy lacks');
    await page.keyboard.press('Escape');
    await watched.go('#/streams');
    await watched.sees('permission hub:read, which your policy lacks');
    await watched.go('#/log');
    await watched.sees('Not permitted.');
  });
});

describe('streams', () => {
  it('come, show their throughput, are filtered, and go', async () => {
    watched = await scene.signedIn('#/streams');

    await watched.sees('No stream is open.');
    const [ssh, web] = [await scene.stream('pump-7', 'ssh'), await scene.stream('pump-8', 'web')];
    await watched.sees('2 streams');
    const writing = setInterval(() => ssh.write(Buffer.alloc(10_000)), 50);
    await watched.until(`/[1-9]\\d* kB\\/s/.test(document.querySelector('tbody').innerText)`);
    clearInterval(writing);
    expect(await watched.row('pump-7')).toContain('ssh operator');
    await watched.enter('Filter', 'WEB');
    await watched.sees('1 of 2 streams');
    expect(await watched.row('pump-7')).toBe('');
    ssh.destroy();
    web.destroy();
    await watched.sees('No stream is open.');
    expect(watched.faults).toEqual([]);
  });
});

describe('the log', () => {
  it('shows what devices say as text, and every field of a record', async () => {
    await expect(scene.stream('pump-7', 'no')).rejects.toMatchObject({ code: 'STREAMS_STREAM_REJECTED' });
    watched = await scene.signedIn('#/log?name=no');
    const { page } = watched;
    await watched.sees('STREAM_REJECTED');
    await watched.sees('gnp.exe');
    const text = String(await page.textContent('#portal'));
    expect(text).toContain('<img src=x onerror=alert(1)>');
    expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(await page.evaluate('document.querySelectorAll("img").length')).toBe(0);
    await page.click('tbody button');
    await watched.sees('trackingId');
    expect(watched.faults).toEqual([]);
  });

  it('is filtered, and follows what happens if it is asked to', async () => {
    watched = await scene.signedIn('#/log');
    const { page } = watched;
    await watched.sees('records');
    await watched.enter('Device', 'pump-8');
    await watched.enter('Stream name', 'follow-me');
    await watched.sees('No record fits.');
    await page.click('text=Follow');
    const stream = await scene.stream('pump-8', 'follow-me');
    await watched.sees('Established');
    stream.destroy();
    await watched.sees('2 records');
    await watched.enter('Result', 'established');
    await watched.sees('1 record');
    expect(await page.evaluate('location.hash')).toBe('#/log?device=pump-8&name=follow-me&result=established&since=24');
    expect(watched.faults).toEqual([]);
  });
});

describe('the overview', () => {
  it('shows the hub, and the last hour as pictures, words and figures', async () => {
    watched = await scene.signedIn();
    const { page } = watched;
    await watched.sees('Devices connected');
    await watched.until('document.querySelectorAll(".canvas canvas").length === 6');
    await page.click('button >> text=Figures');
    expect(await page.textContent('.figures caption')).toContain('means of 5 minutes');
    expect(watched.faults).toEqual([]);
  });

  it('says once that the hub does not answer, waits, and recovers', async () => {
    watched = await scene.signedIn();
    const { page } = watched;
    await watched.sees('The last hour');
    await page.route('**/v1/**', (route) => route.abort());
    await page.click('nav >> text=Log');
    await watched.sees('The hub cannot be reached.');
    await watched.sees('No answer.');
    await page.unroute('**/v1/**');
    await page.click('text=Try now');
    await watched.seesNot('cannot be reached');
    await watched.sees('records');
    await page.route('**/v1/diagnostics/**', (route) =>
      route.fulfill({ status: 404, headers: { 'content-type': 'application/json' }, body: '{"code":"NOT_FOUND","message":"none"}' }),
    );
    await page.click('nav >> text=Overview');
    await watched.sees('This hub offers no history.');
    await watched.sees('Streaming endpoint');
  });

  it('ends when the key no longer counts', async () => {
    watched = await scene.signedIn();
    const { page } = watched;
    await page.route('**/v1/**', (route) =>
      route.fulfill({ status: 401, headers: { 'content-type': 'application/json' }, body: '{"code":"UNAUTHENTICATED","message":"no"}' }),
    );
    await page.click('nav >> text=Devices');
    await watched.sees('no longer accepts your credential');
    expect(await page.evaluate('document.querySelectorAll("header").length')).toBe(0);
  });
});
