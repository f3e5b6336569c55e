// The endpoints that need no credential: is the process alive, and does it take new work.

/** Answers `/healthz` and `/readyz`; `undefined` for any other target. */
export function health(
  method: string | undefined,
  target: string | undefined,
  ready: boolean,
): { status: number; body: object } | undefined {
  if (method !== 'GET' && method !== 'HEAD') return undefined;
  if (target === '/healthz') return { status: 200, body: { status: 'ok' } };
  if (target === '/readyz') return ready ? { status: 200, body: { status: 'ready' } } : { status: 503, body: { status: 'draining' } };
  return undefined;
}
