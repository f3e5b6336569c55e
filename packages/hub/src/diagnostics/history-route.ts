// REST of the history.
import { requirePermission } from '../auth/authorize.ts';
import type { Route } from '../http/routes.ts';
import type { History } from './history.ts';

/** `GET /v1/diagnostics/history`. */
export function historyRoute(history: History): Route {
  return {
    method: 'GET',
    path: ['v1', 'diagnostics', 'history'],
    handle: ({ identity }) => {
      requirePermission(identity, 'hub:read');
      return { status: 200, body: history.view() };
    },
  };
}
