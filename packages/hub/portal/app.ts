// The portal: signed out it shows the sign-in, signed in the view of the address, with a frame around it.
import type { Client } from './rest/client.ts';
import type { HubView } from './rest/types.ts';
import { formatPlace, parsePlace } from './router.ts';
import { Session } from './session.ts';
import { button, fill, h, setAttributes, setText } from './ui/dom.ts';
import { devicesView } from './views/devices.ts';
import { logView } from './views/log.ts';
import { overviewView } from './views/overview.ts';
import { SignIn } from './views/sign-in.ts';
import { streamsView } from './views/streams.ts';
import type { View, ViewFactory } from './views/view.ts';

const PRODUCT = 'Device streams';

const VIEWS: Readonly<Record<string, { readonly title: string; readonly make: ViewFactory }>> = {
  overview: { title: 'Overview', make: overviewView },
  devices: { title: 'Devices', make: devicesView },
  streams: { title: 'Streams', make: streamsView },
  log: { title: 'Log', make: logView },
};

/** Shows the portal in `root`. */
export function startApp(root: HTMLElement): void {
  const signOut = (reason?: string): void => {
    const signIn = new SignIn(signedIn, reason);
    document.title = `Sign in – ${PRODUCT}`;
    fill(root, h('main', { class: 'outside' }, h('p', { class: 'brand' }, PRODUCT), signIn.element));
    signIn.focus();
  };
  const signedIn = (client: Client, hub: HubView): void => {
    const frame = new Frame(client, hub, (reason) => {
      frame.close();
      signOut(reason);
    });
    fill(root, ...frame.elements);
    frame.go();
  };
  signOut();
}

/** All that is around a view. */
class Frame {
  readonly elements: readonly HTMLElement[];
  readonly #session: Session;
  readonly #hub: HubView;
  readonly #title: HTMLElement = h('h1', { tabindex: '-1' });
  readonly #place: HTMLElement = h('div');
  readonly #links: ReadonlyMap<string, HTMLAnchorElement>;
  #view: View | undefined;

  constructor(client: Client, hub: HubView, onSignOut: (reason?: string) => void) {
    this.#session = new Session(client, onSignOut);
    this.#hub = hub;
    this.#links = new Map(Object.entries(VIEWS).map(([name, { title }]) => [name, h('a', { href: formatPlace(name) }, title)]));
    const skip = button('Skip to content', () => this.#title.focus(), { class: 'skip' });
    const main = h('main', {}, this.#title, this.#place);
    this.elements = [skip, this.#header(() => onSignOut()), this.#session.status.element, main];
    addEventListener('hashchange', this.#onPlace);
  }

  /** Shows the view of the address, and tells everybody. */
  go(): void {
    const { view: name, query } = parsePlace(location.hash);
    const known = VIEWS[name];
    if (known === undefined) return location.replace(formatPlace('overview'));
    this.#leave();
    this.#view = known.make(this.#session, query);
    setText(this.#title, known.title);
    fill(this.#place, this.#view.element);
    document.title = `${known.title} – ${this.#hub.hostName} – ${PRODUCT}`;
    for (const [each, link] of this.#links) setAttributes(link, { 'aria-current': each === name && 'page' });
    this.#title.focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  close(): void {
    removeEventListener('hashchange', this.#onPlace);
    this.#leave();
    this.#session.close();
  }

  #leave(): void {
    this.#session.stopPollers();
    this.#view?.close();
    this.#view = undefined;
  }

  #header(onSignOut: () => void): HTMLElement {
    const items = [...this.#links.values()].map((link) => h('li', {}, link));
    return h(
      'header',
      {},
      h('p', { class: 'brand' }, PRODUCT, h('span', { class: 'hub' }, this.#hub.hostName)),
      h('nav', { 'aria-label': 'Views' }, h('ul', {}, ...items)),
      h(
        'div',
        { class: 'account' },
        this.#pause(),
        h('span', { class: 'who' }, h('span', { class: 'unseen' }, 'Signed in as '), this.#session.client.who),
        button('Sign out', onSignOut),
      ),
    );
  }

  /** What moves by itself must be possible to stop (WCAG 2.2.2). */
  #pause(): HTMLButtonElement {
    const toggle = button(
      'Pause',
      () => {
        this.#session.setPaused(!this.#session.isPaused);
        setAttributes(toggle, { 'aria-pressed': String(this.#session.isPaused) });
      },
      { 'aria-pressed': 'false', 'aria-label': 'Pause updates' },
    );
    return toggle;
  }

  readonly #onPlace = (): void => this.go();
}
