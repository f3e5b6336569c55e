// AbortSignal as the SDKs show it.
import { describe, expect, it } from 'vitest';
import { abortedError, onAbort, throwIfAborted } from '../../src/async/abort.ts';
import { createError } from '../../src/errors/kinds.ts';
import { errorOf } from '../support/errors.ts';

const reason = new TypeError('no longer needed');

describe('abortedError', () => {
  it('has a code, and the signal’s reason as its cause', () => {
    expect(abortedError(AbortSignal.abort(reason))).toMatchObject({ code: 'STREAMS_ABORTED', cause: reason });
    expect(abortedError(AbortSignal.abort())).toMatchObject({ cause: { name: 'AbortError' } });
    expect(abortedError(AbortSignal.abort('words'))).toMatchObject({ cause: 'words' });
  });
});

describe('abortedError of a reason of ours', () => {
  it('is that reason: who closes a client says so in its own code', () => {
    const closed = createError('CLOSED');
    expect(abortedError(AbortSignal.abort(closed))).toBe(closed);
    expect(errorOf(() => throwIfAborted(AbortSignal.abort(closed)))).toBe(closed);
  });
});

describe('throwIfAborted', () => {
  it('throws where the signal has fired, and only there', () => {
    expect(errorOf(() => throwIfAborted(AbortSignal.abort(reason)))).toMatchObject({ code: 'STREAMS_ABORTED', cause: reason });
    expect(throwIfAborted(undefined)).toBeUndefined();
    expect(throwIfAborted(new AbortController().signal)).toBeUndefined();
  });
});

describe('onAbort', () => {
  it('acts once, when the signal fires', () => {
    const controller = new AbortController();
    let calls = 0;
    onAbort(controller.signal, () => (calls += 1));
    expect(calls).toBe(0);
    controller.abort();
    controller.abort();
    expect(calls).toBe(1);
  });

  it('acts at once where it has fired', () => {
    let calls = 0;
    onAbort(AbortSignal.abort(), () => (calls += 1));
    expect(calls).toBe(1);
  });

  it('acts no more once it is forgotten, however often', () => {
    const controller = new AbortController();
    let calls = 0;
    const forget = onAbort(controller.signal, () => (calls += 1));
    forget();
    forget();
    controller.abort();
    expect(calls).toBe(0);
  });

  it('needs no signal', () => {
    const forget = onAbort(undefined, () => expect.unreachable());
    expect(forget()).toBeUndefined();
  });
});
