// Dialogs: one that asks before something is done, and one that shows more.
import { RequestError } from '../rest/request-error.ts';
import { button, type Child, fill, h, newElementId, setAttributes } from './dom.ts';

/** What is asked. */
export interface Question {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  /** True for what somebody will miss. */
  readonly isDangerous: boolean;
  /** Does it; the dialog stays open until then, and shows what went wrong. */
  readonly run: () => Promise<void>;
}

/** Asks; the answer is `run`, or nothing. */
export function ask({ title, text, action, isDangerous, run }: Question): void {
  const problem = h('p', { role: 'alert', class: 'problem' });
  const cancel = button('Cancel', () => dialog.close(), { autofocus: true });
  const confirm = button(action, () => void attempt(), { class: isDangerous ? 'primary dangerous' : 'primary' });
  const dialog = open(title, [h('p', {}, text), problem, h('div', { class: 'buttons' }, cancel, confirm)]);
  const attempt = async (): Promise<void> => {
    fill(problem);
    setAttributes(confirm, { disabled: true });
    try {
      await run();
      dialog.close();
    } catch (error) {
      fill(problem, error instanceof RequestError ? error.message : 'Something went wrong in this page.');
      setAttributes(confirm, { disabled: false });
      cancel.focus();
    }
  };
}

/** Shows more. */
export function show(title: string, content: Child): void {
  const dialog: HTMLDialogElement = open(title, [
    content,
    h(
      'div',
      { class: 'buttons' },
      button('Close', () => dialog.close(), { autofocus: true }),
    ),
  ]);
}

/** Focus goes into the dialog, and back to where it was: the browser sees to that. */
function open(title: string, children: readonly Child[]): HTMLDialogElement {
  const id = newElementId();
  const dialog = h('dialog', { 'aria-labelledby': id }, h('h2', { id }, title), ...children);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
