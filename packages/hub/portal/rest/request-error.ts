// What became of a request that got no good answer.

/** What is to be done about it: wait, sign in again, say what is missing, or say that it does not exist. */
export type Trouble = 'unreachable' | 'signed-out' | 'forbidden' | 'not-available' | 'refused';

/** See the top of this file. The message is for people. */
export class RequestError extends Error {
  readonly trouble: Trouble;
  /** Of the hub's error table, where the hub has answered. */
  readonly code: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(trouble: Trouble, message: string, details: Partial<Pick<RequestError, 'code' | 'retryAfterMs'>> = {}) {
    super(message);
    this.trouble = trouble;
    this.code = details.code;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** Reads an answer that is no success. */
export async function errorOf(response: Response): Promise<RequestError> {
  const body = await bodyOf(response);
  const code = textIn(body, 'code');
  const said = textIn(body, 'message') ?? `the answer was ${response.status}`;
  const details = { code, retryAfterMs: waitIn(body) };
  // A 5xx without a code is of a proxy on the way. Too many requests are told to wait, as is a hub that drains.
  if (response.status >= 500 || response.status === 429) return new RequestError('unreachable', sentence(said), details);
  if (response.status === 401) return new RequestError('signed-out', sentence(said), details);
  if (code === 'FORBIDDEN') return new RequestError('forbidden', permissionMissing(body) ?? sentence(said), details);
  if (code === 'ORIGIN_DENIED') return new RequestError('refused', foreignOrigin(), details);
  if (code === 'NOT_FOUND') return new RequestError('not-available', sentence(said), details);
  return new RequestError('refused', sentence(said), details);
}

async function bodyOf(response: Response): Promise<Record<string, unknown>> {
  try {
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function permissionMissing(body: Record<string, unknown>): string | undefined {
  const { details = {} } = body as { details?: { permission?: unknown; deviceId?: unknown; streamName?: unknown } };
  const { permission, deviceId, streamName } = details;
  // The policy may have it for other devices or streams: that the hub says in its own words.
  if (typeof permission !== 'string' || deviceId !== undefined || streamName !== undefined) return undefined;
  return `This takes the permission ${permission}, which your policy lacks.`;
}

function foreignOrigin(): string {
  return `The hub does not know itself by the address ${location.origin}, so it takes no changes from this page. Set its publicUrl to that address.`;
}

function textIn(body: Record<string, unknown>, name: string): string | undefined {
  const value = body[name];
  return typeof value === 'string' ? value : undefined;
}

function waitIn({ retryAfterMs }: Record<string, unknown>): number | undefined {
  return typeof retryAfterMs === 'number' && retryAfterMs >= 0 ? retryAfterMs : undefined;
}

/** The hub's messages begin in lower case and end without a full stop. */
function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
}
