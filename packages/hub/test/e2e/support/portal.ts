// The portal in a browser, over a hub with devices and streams; and everything that a page does which it should not.
import { randomBytes } from 'node:crypto';
import { DeviceClient, type DeviceStream } from '@streams/device';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { ServiceClient } from '@streams/service';
import { type Browser, type Page, startBrowser } from '../../../../../test/support/browser.ts';

/** Of the policy `operator`, which may do everything, and `reader`, which may look at devices alone. */
export const KEYS: Readonly<Record<'operator' | 'reader', string>> = {
  operator: randomBytes(32).toString('base64'),
  reader: randomBytes(32).toString('base64'),
};

/** A hub, a browser, and what lives on them. */
export class PortalScene {
  readonly test: TestHub;
  readonly browser: Browser;
  readonly #devices: DeviceClient[] = [];
  readonly #services: ServiceClient[] = [];

  private constructor(test: TestHub, browser: Browser) {
    this.test = test;
    this.browser = browser;
  }

  static async start(): Promise<PortalScene> {
    const test = await startTestHub({
      policies: [
        { name: 'operator', keys: [KEYS.operator], permissions: ['stream:create', 'device:read', 'device:write', 'hub:read', 'hub:write'] },
        { name: 'reader', keys: [KEYS.reader], permissions: ['device:read'] },
      ],
    });
    return new PortalScene(test, await startBrowser());
  }

  /** A connected device that echoes, and rejects streams of the name `no` in words of its own. */
  async device(deviceId: string, rejection = 'not today'): Promise<DeviceClient> {
    const device = DeviceClient.fromConnectionString(await this.test.deviceConnectionString(deviceId));
    device.onStreamRequest(async (request) => {
      if (request.name === 'no') return request.reject(rejection);
      const stream = await request.accept();
      stream.pipe(stream);
    });
    await device.connect();
    this.#devices.push(device);
    return device;
  }

  async stream(deviceId: string, name: string): Promise<DeviceStream> {
    const service = ServiceClient.fromConnectionString(await this.test.serviceConnectionString('operator'));
    this.#services.push(service);
    const stream = await service.createStream(deviceId, { name, resume: 'off' });
    stream.on('error', () => undefined);
    return stream.resume();
  }

  /** A page of the portal, signed out. */
  async open(place = ''): Promise<WatchedPage> {
    const page = await this.browser.newPage({ ignoreHTTPSErrors: true, locale: 'en-GB' });
    const watched = new WatchedPage(page, this.test.url);
    await page.addInitScript({ content: REPORT_VIOLATIONS });
    await page.goto(`${this.test.url}/portal${place}`);
    return watched;
  }

  /** A page of the portal, signed in. */
  async signedIn(place = '', policy: keyof typeof KEYS = 'operator'): Promise<WatchedPage> {
    const watched = await this.open(place);
    await watched.signIn(await this.test.serviceConnectionString(policy));
    await watched.until(`document.querySelector('header nav')`);
    return watched;
  }

  async close(): Promise<void> {
    await this.browser.close();
    for (const client of [...this.#services, ...this.#devices]) client.destroy();
    await Promise.all([...this.#services, ...this.#devices].map((client) => client.close()));
    await this.test.close();
  }
}

/** So that what the policy of the page forbids is told as an error of the page. */
const REPORT_VIOLATIONS = `addEventListener('securitypolicyviolation', (event) =>
  console.error('policy violation: ' + event.effectiveDirective + ' ' + event.blockedURI))`;

/** A page of which every fault is noted. */
export class WatchedPage {
  readonly page: Page;
  /** Errors, violations of the page's policy, and requests to anybody but the hub. */
  readonly faults: string[] = [];
  /** `METHOD path` of each request. */
  readonly requests: string[] = [];

  constructor(page: Page, hubUrl: string) {
    this.page = page;
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.faults.push(message.text());
    });
    page.on('pageerror', (error) => this.faults.push(String(error)));
    page.on('request', (request) => {
      const { origin, pathname, search } = new URL(request.url());
      this.requests.push(`${request.method()} ${pathname}${search}`);
      if (origin !== hubUrl) this.faults.push(`asked ${request.url()}`);
    });
  }

  async signIn(connectionString: string): Promise<void> {
    await this.page.fill('.sign-in input[type=password]', connectionString);
    await this.page.click('.sign-in button[type=submit]');
  }

  /** Resolves once the expression holds. Playwright's own waiting evaluates in the page, which the page's policy forbids. */
  async until(expression: string): Promise<void> {
    const deadline = performance.now() + 15_000;
    while (!(await this.page.evaluate(`Boolean(${expression})`))) {
      if (performance.now() > deadline) throw new Error(`not so: ${expression}; there is ${await this.page.textContent('body')}`);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  /** Fills in a field, or chooses, by its label. */
  async enter(label: string, value: string): Promise<void> {
    const field = `label:text-is("${label}") + `;
    const isSelect = await this.page.evaluate(
      `[...document.querySelectorAll('label')].find((label) => label.textContent === ${JSON.stringify(label)}).control.tagName === 'SELECT'`,
    );
    if (isSelect === true) await this.page.selectOption(`${field}select`, value);
    else await this.page.fill(`${field}input`, value);
  }

  /** What stands on the page once it fits. */
  async sees(text: string): Promise<void> {
    await this.until(`document.body.innerText.includes(${JSON.stringify(text)})`);
  }

  async seesNot(text: string): Promise<void> {
    await this.until(`!document.body.innerText.includes(${JSON.stringify(text)})`);
  }

  /** The text of the table's row that begins with this. */
  row(first: string): Promise<string> {
    const rows = `[...document.querySelectorAll('tbody tr')].find((row) => row.cells[0].textContent === ${JSON.stringify(first)})`;
    return this.page.evaluate(`${rows}?.innerText.replace(/\\s+/g, ' ') ?? ''`) as Promise<string>;
  }

  /** What has the focus: its name, or what it is. */
  focused(): Promise<string> {
    const label = `document.activeElement.getAttribute('aria-label') ?? document.activeElement.labels?.[0]?.textContent`;
    return this.page.evaluate(`${label} ?? document.activeElement.textContent`) as Promise<string>;
  }

  async go(place: string): Promise<void> {
    await this.page.evaluate(`location.hash = ${JSON.stringify(place)}`);
  }
}
