// The state machine of a channel: two of them, joined by an ordered wire, are both free in the end, whatever crosses.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canReceive, canSend, type ChannelEvent, type ChannelState, isResetting, transition } from '../../../src/session/channels/state.ts';
import { forAll } from '../../support/for-all.ts';

const STATES: readonly ChannelState[] = ['open', 'sent', 'received', 'resetting', 'resetting-sent', 'gone'];
const EVENTS: readonly ChannelEvent[] = ['eof-sent', 'eof-received', 'reset-sent', 'reset-received'];

type Said = 'eof' | 'reset';
interface Side {
  readonly state: ChannelState;
  /** What is on its way to it. */
  readonly inbox: readonly Said[];
}
type Pair = readonly [Side, Side];

/** What a side may do now, as the channel does it. */
function moves(pair: Pair, me: 0 | 1): Pair[] {
  const own = pair[me];
  const after = (state: ChannelState, said: readonly Said[], inbox = own.inbox): Pair => {
    const other = { ...pair[1 - me], inbox: [...(pair[1 - me]?.inbox ?? []), ...said] } as Side;
    return me === 0 ? [{ state, inbox }, other] : [other, { state, inbox }];
  };
  const next: Pair[] = [];
  if (canSend(own.state)) next.push(after(transition(own.state, 'eof-sent'), ['eof']));
  const reset = transition(own.state, 'reset-sent');
  if (reset !== own.state) next.push(after(reset, ['reset']));
  const [said, ...rest] = own.inbox;
  if (said === 'eof') next.push(after(transition(own.state, 'eof-received'), [], rest));
  if (said === 'reset') {
    const isQuestion = own.state !== 'gone' && !isResetting(own.state);
    next.push(after(transition(own.state, 'reset-received'), isQuestion ? ['reset'] : [], rest));
  }
  return next;
}

/** Every pair of states that can be reached. */
function reachable(): Map<string, Pair> {
  const seen = new Map<string, Pair>();
  const todo: Pair[] = [
    [
      { state: 'open', inbox: [] },
      { state: 'open', inbox: [] },
    ],
  ];
  for (let pair = todo.pop(); pair; pair = todo.pop()) {
    const key = JSON.stringify(pair);
    if (seen.has(key)) continue;
    seen.set(key, pair);
    todo.push(...moves(pair, 0), ...moves(pair, 1));
  }
  return seen;
}

const all = [...reachable().values()];

describe('two sides', () => {
  it('meet in few ways, and every state is met', () => {
    expect(all).toHaveLength(46);
    expect(new Set(all.flatMap((pair) => pair.map(({ state }) => state)))).toEqual(new Set(STATES));
  });

  it('are both free once each has ended or one has reset, and nothing is on its way', () => {
    const quiet = all.filter(([a, b]) => a.inbox.length === 0 && b.inbox.length === 0);
    const names = new Set(quiet.map((pair) => pair.map(({ state }) => state).join(' ')));
    expect([...names].toSorted()).toEqual(['gone gone', 'open open', 'received sent', 'sent received']);
  });

  it('are free at the same time: the id can be used again at once, since what is still on its way means nothing', () => {
    for (const pair of all) {
      for (const [me, other] of [
        [pair[0], pair[1]],
        [pair[1], pair[0]],
      ] as const) {
        if (me.state !== 'gone') continue;
        // The other side is gone too as soon as it has what was said.
        const end = other.inbox.reduce((state, said) => transition(state, said === 'eof' ? 'eof-received' : 'reset-received'), other.state);
        expect([pair, end]).toEqual([pair, 'gone']);
        // Nothing that needs an answer comes any more.
        expect(me.inbox.includes('eof')).toBe(false);
      }
    }
  });

  it('send no EOF to whom has had one', () => {
    for (const pair of all)
      for (const { state, inbox } of pair) if (inbox.includes('eof')) expect(['received', 'gone']).not.toContain(state);
  });
});

describe('transition', () => {
  it('any events lead to a state, from which nothing leads back', () => {
    const rank = (state: ChannelState): number => ['open', 'sent', 'received', 'resetting', 'resetting-sent', 'gone'].indexOf(state);
    forAll(fc.array(fc.constantFrom(...EVENTS), { maxLength: 8 }), (events) => {
      let state: ChannelState = 'open';
      for (const event of events) {
        const next: ChannelState = transition(state, event);
        expect(rank(next)).toBeGreaterThanOrEqual(rank(state));
        state = next;
      }
    });
  });

  it('an event that means nothing changes nothing', () => {
    for (const event of EVENTS) expect(transition('gone', event)).toBe('gone');
    expect(transition('sent', 'eof-sent')).toBe('sent');
    expect(transition('resetting', 'reset-sent')).toBe('resetting');
  });

  it('says what may flow', () => {
    expect(STATES.filter(canSend)).toEqual(['open', 'received']);
    expect(STATES.filter(canReceive)).toEqual(['open', 'sent']);
  });
});
