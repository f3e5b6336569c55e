// Fields with their labels.
import { type Child, h, newElementId } from './dom.ts';

/** A field as a form shows it. */
export interface Field<E extends HTMLElement> {
  readonly element: HTMLElement;
  readonly input: E;
}

/** A line of text. Never remembered by the browser: it has no name, and says so. */
export function textField(
  label: string,
  { type = 'text', value = '', placeholder, hint }: { type?: string; value?: string; placeholder?: string; hint?: string } = {},
): Field<HTMLInputElement> {
  const attributes = { type, placeholder, autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false' };
  const input = h('input', attributes);
  input.value = value;
  return { element: labelled(label, input, hint), input };
}

/** One of several values. */
export function selectField(
  label: string,
  options: readonly (readonly [value: string, text: string])[],
  value: string,
): Field<HTMLSelectElement> {
  const input = h('select', {}, ...options.map(([each, text]) => h('option', { value: each }, text)));
  input.value = value;
  // What the address bar asked for may be none of them.
  if (input.selectedIndex < 0) input.selectedIndex = 0;
  return { element: labelled(label, input), input };
}

/** A box to tick. */
export function checkField(label: string, checked: boolean): Field<HTMLInputElement> {
  const id = newElementId();
  const input = h('input', { type: 'checkbox', id });
  input.checked = checked;
  return { element: h('div', { class: 'check' }, input, h('label', { for: id }, label)), input };
}

/** Fields beside one another; nothing is ever submitted. */
export function filterBar(label: string, ...children: readonly Child[]): HTMLFormElement {
  const form = h('form', { class: 'filters', role: 'search', 'aria-label': label }, ...children);
  form.addEventListener('submit', (event) => event.preventDefault());
  return form;
}

function labelled(label: string, input: HTMLElement, hint?: string): HTMLElement {
  const id = newElementId();
  input.id = id;
  const hintId = `${id}-hint`;
  if (hint !== undefined) input.setAttribute('aria-describedby', hintId);
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label),
    input,
    hint !== undefined && h('p', { id: hintId, class: 'hint' }, hint),
  );
}
