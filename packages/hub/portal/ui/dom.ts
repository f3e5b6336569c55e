// Makes elements. Text goes in as text, made visible; there is no way to hand in HTML.
import { visible } from '../text.ts';

/** What an element can hold; `undefined` and `false` are left out. */
export type Child = Node | string | undefined | false;

/** Attributes by name, `class` included; `true` sets an empty one, `false` and `undefined` none. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** An element with attributes and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  fill(element, ...children);
  return element;
}

/** Sets attributes, and takes away those that are `false` or `undefined`. */
export function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? '' : visible(String(value)));
  }
}

/** Replaces all children. */
export function fill(element: Element, ...children: readonly Child[]): void {
  const present = children.filter((child) => child !== undefined && child !== false);
  element.replaceChildren(...present.map((child) => (typeof child === 'string' ? visible(child) : child)));
}

/** Changes the text of an element, unless it is the same: screen readers would read it again. */
export function setText(element: Element, text: string): void {
  const shown = visible(text);
  if (element.textContent !== shown) element.textContent = shown;
}

/** A button that does something here. */
export function button(label: string, onClick: () => void, attributes: Attributes = {}): HTMLButtonElement {
  const element = h('button', { type: 'button', ...attributes }, label);
  element.addEventListener('click', onClick);
  return element;
}

/** A moment, in the zone of who looks; the tooltip has it in UTC. */
export function timeElement(at: Date, text: string): HTMLTimeElement {
  const iso = at.toISOString();
  return h('time', { datetime: iso, title: iso }, text);
}

let lastId = 0;

/** An id for a label to point at. */
export function newElementId(): string {
  lastId += 1;
  return `e${lastId}`;
}
