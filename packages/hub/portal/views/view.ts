// What a view is.
import type { Session } from '../session.ts';

/** A page of the portal while it is shown. */
export interface View {
  readonly element: HTMLElement;
  close(): void;
}

/** Makes a view. @param query What stands behind the `?` of its address. */
export type ViewFactory = (session: Session, query: URLSearchParams) => View;
