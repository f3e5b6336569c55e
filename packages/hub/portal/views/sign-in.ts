// Sign-in: by a policy's connection string, by its name and key, or by a JWT. What is entered stays in memory.
import { Client } from '../rest/client.ts';
import { checkPolicyKey, EntryError, parsePolicyString, type PolicyKey } from '../rest/connection-string.ts';
import { type Credential, keyCredential, tokenCredential } from '../rest/credential.ts';
import { RequestError } from '../rest/request-error.ts';
import type { HubView } from '../rest/types.ts';
import { duration } from '../format.ts';
import { fill, h, newElementId, setAttributes } from '../ui/dom.ts';
import { type Field, textField } from '../ui/form.ts';

const WAYS = ['Connection string', 'Name and key', 'Token'] as const;
type Way = (typeof WAYS)[number];

/** Of what has been entered, only what no one has to keep secret. */
interface Entered {
  readonly credential: Credential;
  /** The hub that a connection string is for. */
  readonly hostName?: string | undefined;
}

/** The form, until somebody is signed in. */
export class SignIn {
  readonly element: HTMLElement;
  readonly #onSignedIn: (client: Client, hub: HubView) => void;
  readonly #problem: HTMLElement = h('p', { role: 'alert', class: 'problem' });
  readonly #string: Field<HTMLInputElement> = textField('Connection string', {
    type: 'password',
    placeholder: 'HostName=…;SharedAccessKeyName=…;SharedAccessKey=…',
    hint: 'Of a policy, not of a device.',
  });
  readonly #name: Field<HTMLInputElement> = textField('Policy name', { placeholder: 'operator' });
  readonly #key: Field<HTMLInputElement> = textField('Key', { type: 'password', hint: 'Primary or secondary, in base64.' });
  readonly #token: Field<HTMLInputElement> = textField('JWT', { type: 'password', hint: 'Of an issuer that the hub trusts.' });
  readonly #fields: Readonly<Record<Way, readonly Field<HTMLInputElement>[]>> = {
    'Connection string': [this.#string],
    'Name and key': [this.#name, this.#key],
    Token: [this.#token],
  };
  /** Of the chosen way alone. */
  readonly #entries: HTMLElement = h('div', { class: 'entries' });
  readonly #submit: HTMLButtonElement = h('button', { type: 'submit', class: 'primary wide' }, 'Sign in');
  #way: Way = 'Connection string';

  /** @param reason Why somebody who was signed in is here again. */
  constructor(onSignedIn: (client: Client, hub: HubView) => void, reason = '') {
    this.#onSignedIn = onSignedIn;
    fill(this.#problem, reason);
    const form = h(
      'form',
      { class: 'card sign-in', 'aria-labelledby': 'sign-in-title', novalidate: true },
      h('h1', { id: 'sign-in-title', tabindex: '-1' }, 'Sign in'),
      h('p', { class: 'lead' }, 'to the hub ', h('strong', {}, location.host)),
      this.#ways(),
      this.#entries,
      this.#problem,
      this.#submit,
      h('p', { class: 'hint' }, 'What you enter stays in the memory of this page: reloading it signs you out.'),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#attempt();
    });
    this.element = form;
    this.#choose(this.#way);
  }

  focus(): void {
    (this.#fields[this.#way][0] ?? this.#string).input.focus();
  }

  #ways(): HTMLElement {
    const group = newElementId();
    const choices = WAYS.map((way) => {
      const input = h('input', { type: 'radio', name: group, id: newElementId() });
      input.checked = way === this.#way;
      input.addEventListener('change', () => this.#choose(way));
      return h('div', {}, input, h('label', { for: input.id }, way));
    });
    return h('fieldset', { class: 'segments' }, h('legend', { class: 'unseen' }, 'Sign in with'), ...choices);
  }

  #choose(way: Way): void {
    this.#way = way;
    fill(this.#entries, ...this.#fields[way].map(({ element }) => element));
  }

  async #attempt(): Promise<void> {
    fill(this.#problem);
    setAttributes(this.#submit, { disabled: true });
    try {
      if (!isSecureContext) throw new EntryError('This page came without TLS, so it cannot sign requests. Open it with https://');
      const { credential, hostName } = await this.#entered();
      const client = new Client(credential);
      const hub = await client.ask<HubView>('/v1/hub').catch((error: unknown) => {
        throw explained(error, this.#way, hostName);
      });
      this.#forget();
      this.#onSignedIn(client, hub);
    } catch (error) {
      fill(this.#problem, messageOf(error));
      setAttributes(this.#submit, { disabled: false });
      this.focus();
    }
  }

  async #entered(): Promise<Entered> {
    if (this.#way === 'Token') return { credential: tokenCredential(this.#token.input.value) };
    const pair: PolicyKey =
      this.#way === 'Connection string'
        ? parsePolicyString(this.#string.input.value)
        : checkPolicyKey(this.#name.input.value, this.#key.input.value);
    return { credential: await keyCredential(pair, location.hostname), hostName: pair.hostName };
  }

  /** Nothing of it may stay in the document. */
  #forget(): void {
    for (const { input } of Object.values(this.#fields).flat()) input.value = '';
  }
}

function explained(error: unknown, way: Way, hostName: string | undefined): unknown {
  if (!(error instanceof RequestError)) return error;
  if (error.code === 'FORBIDDEN' || error.trouble !== 'signed-out') return error;
  if (way === 'Token') return new EntryError('The hub refused this token. It may have expired, or be meant for somebody else.');
  const elsewhere =
    hostName !== undefined && hostName.split(':')[0]?.toLowerCase() !== location.hostname
      ? ` The connection string is for ${hostName}, and this is ${location.host}.`
      : '';
  return new EntryError(`The hub refused this key: it is not one of the policy’s, or there is no such policy.${elsewhere}`);
}

function messageOf(error: unknown): string {
  if (error instanceof RequestError && error.retryAfterMs !== undefined) {
    return `${error.message} Try again in ${duration(Math.max(1_000, error.retryAfterMs))}.`;
  }
  if (error instanceof EntryError || error instanceof RequestError) return error.message;
  console.error(error);
  return 'Something went wrong in this page.';
}
