// The portal for everybody: axe finds nothing on any view, in both schemes, wide and narrow; the keyboard alone is enough.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { leakCheck } from '@streams/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PortalScene, type WatchedPage } from './support/portal.ts';

const leaks = leakCheck();
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const VIEWS = [
  ['#/overview', 'The last hour'],
  ['#/devices', 'pump-7'],
  ['#/streams', 'in all'],
  ['#/log', 'Established'],
] as const;
const SCHEMES = ['light', 'dark'] as const;
const WIDTHS = [1280, 360];
let scene: PortalScene;
beforeAll(async () => {
  scene = await PortalScene.start();
  await scene.device('pump-7');
  for (const deviceId of ['sensor-1', 'x'.repeat(128)]) await scene.test.deviceConnectionString(deviceId);
  await scene.test.hub.putDevice('sensor-1', { enabled: false });
  await scene.stream('pump-7', 'y'.repeat(128));
  await expect(scene.stream('pump-7', 'no')).rejects.toThrow();
});
afterAll(async () => {
  await scene.close();
  await leaks.settled();
});

/** What axe finds, in both schemes and widths; and whether anything has to be scrolled sideways. */
async function faultsOf(watched: WatchedPage): Promise<string[]> {
  const { page } = watched;
  const found: string[] = [];
  for (const colorScheme of SCHEMES) {
    for (const width of WIDTHS) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height: 740 });
      await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
      const violations = (await page.evaluate(`axe.run().then(({ violations }) => violations.map(({ id, nodes }) =>
        id + ': ' + nodes.map(({ html, failureSummary }) => html + ' ' + failureSummary).join('; ')))`)) as string[];
      const isTooWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
      found.push(...violations.map((each) => `${colorScheme} ${width}: ${each}`), ...(isTooWide ? [`${width}: too wide`] : []));
    }
  }
  return found;
}

describe('axe finds nothing', () => {
  it('signed out', async () => {
    const watched = await scene.open();
    await watched.page.evaluate(AXE);
    // It would find something, if there were something.
    await watched.page.evaluate('document.querySelector("form").append(document.createElement("input"))');
    expect(await faultsOf(watched)).toHaveLength(SCHEMES.length * WIDTHS.length);
    await watched.page.evaluate('document.querySelector("form > input").remove()');
    expect(await faultsOf(watched)).toEqual([]);
    await watched.signIn('nonsense');
    await watched.sees('no connection string');
    expect(await faultsOf(watched)).toEqual([]);
    expect(watched.faults).toEqual([]);
    await watched.page.close();
  });

  it.each(VIEWS)('on %s', async (place, text) => {
    const watched = await scene.signedIn(place);
    await watched.sees(text);
    await watched.page.evaluate(AXE);
    expect(await faultsOf(watched)).toEqual([]);
    expect(watched.faults).toEqual([]);
    await watched.page.close();
  });

  it('where something is asked, shown in full, missing, or not permitted', async () => {
    const watched = await scene.signedIn('#/devices', 'reader');
    const { page } = watched;
    await page.evaluate(AXE);
    await watched.sees('pump-7');
    await page.click('[aria-label="Disable pump-7"]');
    await page.click('dialog .primary');
    await watched.sees('lacks');
    expect(await faultsOf(watched)).toEqual([]);
    await page.keyboard.press('Escape');
    await watched.enter('Connection', 'true');
    await watched.enter('State', 'false');
    await watched.sees('No device fits.');
    expect(await faultsOf(watched)).toEqual([]);
    await watched.go('#/overview');
    await watched.sees('Not permitted.');
    expect(await faultsOf(watched)).toEqual([]);
    await page.close();
    const operator = await scene.signedIn('#/log');
    await operator.sees('Rejected');
    await operator.page.evaluate(AXE);
    await operator.page.click('tbody button');
    await operator.sees('trackingId');
    expect(await faultsOf(operator)).toEqual([]);
    await operator.page.close();
  });
});

describe('with the keyboard alone', () => {
  it('one signs in, gets around, disables a device, and signs out', async () => {
    const watched = await scene.open();
    const { page } = watched;
    const { keyboard } = page;
    const tabTo = async (label: string): Promise<void> => {
      for (let presses = 0; (await watched.focused()) !== label; presses += 1) {
        if (presses > 40) throw new Error(`${label} is not reached; the focus is on ${await watched.focused()}`);
        await keyboard.press('Tab');
        expect(await page.evaluate(IS_FOCUS_VISIBLE), `the focus on ${await watched.focused()} shows`).toBe(true);
      }
    };
    expect(await watched.focused()).toBe('Connection string');
    await keyboard.type(await scene.test.serviceConnectionString('operator'));
    await keyboard.press('Enter');
    await watched.sees('Streaming endpoint');
    expect(await watched.focused()).toBe('Overview');

    await tabTo('Devices');
    await keyboard.press('Enter');
    await watched.sees('pump-7');
    // Focus goes where the new page begins, past the header.
    expect([await page.evaluate('document.activeElement.tagName'), await watched.focused()]).toEqual(['H1', 'Devices']);
    await tabTo('Disable pump-7');
    await keyboard.press('Enter');
    await watched.sees('Disable pump-7?');
    // What does no harm comes first.
    expect(await watched.focused()).toBe('Cancel');
    await keyboard.press('Escape');
    expect(await watched.focused()).toBe('Disable pump-7');
    await keyboard.press('Enter');
    await tabTo('Disable');
    await keyboard.press('Enter');
    await watched.until(`document.activeElement.getAttribute('aria-label') === 'Enable pump-7'`);
    expect(await page.textContent('[role=status].unseen')).toBe('pump-7 is disabled.');

    await page.goBack();
    await watched.sees('The last hour');
    expect(await page.evaluate('document.title')).toContain('Overview');
    await tabTo('Pause updates');
    await keyboard.press('Space');
    expect(await page.evaluate('document.activeElement.getAttribute("aria-pressed")')).toBe('true');
    await tabTo('Sign out');
    await keyboard.press('Enter');
    await watched.sees('What you enter stays');
    expect(watched.faults).toEqual([]);
    await page.close();
  });
});

/** True if what has the focus has an outline, itself or what stands for it. */
const IS_FOCUS_VISIBLE = `[document.activeElement, document.activeElement.nextElementSibling ?? document.activeElement].some((element) =>
  element === document.body || getComputedStyle(element).outlineStyle !== 'none')`;
