// A table whose rows follow what is polled: only what has changed is touched, so that focus and selection stay where they are.
import { NOTHING } from '../format.ts';
import { type Child, fill, h, setAttributes } from './dom.ts';

/** A column of rows of `T`. */
export interface Column<T> {
  readonly label: string;
  /** What tells whether a cell has changed, and what it shows unless there is a `node`. */
  text(row: T): string;
  node?(row: T): Child;
  /** `id`: in the typeface of code; `number`: to the right; `short`: on one line; `words`: in lines that are not too short; `action`: buttons, whose heading is for screen readers alone. */
  readonly kind?: 'id' | 'number' | 'short' | 'words' | 'action';
}

/** What a table shows, and how. */
export interface TableOptions<T> {
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  /** The same for the same row, the next time. */
  key(row: T): string;
}

interface ShownRow {
  readonly element: HTMLTableRowElement;
  readonly cells: readonly HTMLTableCellElement[];
  readonly texts: (string | undefined)[];
}

/** See the top of this file. The roles are written out: on narrow screens rows become cards, and lose those of their elements. */
export class Table<T> {
  readonly element: HTMLTableElement;
  readonly #options: TableOptions<T>;
  readonly #body: HTMLTableSectionElement = h('tbody', { role: 'rowgroup' });
  #shown = new Map<string, ShownRow>();

  constructor(options: TableOptions<T>) {
    this.#options = options;
    const headings = options.columns.map(({ label, kind }) =>
      h('th', { role: 'columnheader', scope: 'col', class: kind }, kind === 'action' ? h('span', { class: 'unseen' }, label) : label),
    );
    this.element = h(
      'table',
      { role: 'table' },
      h('caption', { class: 'unseen' }, options.caption),
      h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, ...headings)),
      this.#body,
    );
  }

  update(rows: readonly T[]): void {
    const before = this.#shown;
    this.#shown = new Map();
    let next = this.#body.firstElementChild;
    for (const row of rows) {
      const key = this.#options.key(row);
      const shown = before.get(key) ?? this.#newRow();
      this.#shown.set(key, shown);
      before.delete(key);
      this.#updateRow(shown, row);
      if (shown.element === next) next = next.nextElementSibling;
      else this.#body.insertBefore(shown.element, next);
    }
    for (const { element } of before.values()) element.remove();
  }

  #newRow(): ShownRow {
    const { columns } = this.#options;
    const cells = columns.map(({ label, kind }, index) => {
      const attributes = { class: kind, 'data-label': label };
      // The first cell names the row.
      return index === 0 ? h('th', { role: 'rowheader', scope: 'row', ...attributes }) : h('td', { role: 'cell', ...attributes });
    });
    return { element: h('tr', { role: 'row' }, ...cells), cells, texts: columns.map(() => undefined) };
  }

  #updateRow({ cells, texts }: ShownRow, row: T): void {
    for (const [index, column] of this.#options.columns.entries()) {
      const cell = cells[index];
      const text = column.text(row);
      if (cell === undefined || texts[index] === text) continue;
      texts[index] = text;
      const hadFocus = cell.contains(document.activeElement);
      fill(cell, column.node ? column.node(row) : text);
      setAttributes(cell, { 'data-empty': text === '' || text === NOTHING });
      if (hadFocus) cell.querySelector('button')?.focus();
    }
  }
}
