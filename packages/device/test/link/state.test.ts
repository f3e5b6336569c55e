// transition(): every state and every event, and that no sequence of events leaves the union or reopens what is closed.
import { StreamsError } from '@streams/device';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LinkEvent, type LinkState, transition } from '../../src/link/state.ts';
import { expectNoLeaks } from '../support/rig.ts';

expectNoLeaks();

const cause = new StreamsError('CONNECT_FAILED');
const setback = { attempt: 3, delayMs: 1_234, cause };

const states: Record<LinkState['name'], LinkState> = {
  idle: { name: 'idle' },
  connecting: { name: 'connecting' },
  connected: { name: 'connected' },
  renewing: { name: 'renewing' },
  waiting: { name: 'waiting', attempt: 1, delayMs: 500, cause },
  closed: { name: 'closed' },
};

const events: Record<LinkEvent['type'], LinkEvent> = {
  connect: { type: 'connect' },
  welcome: { type: 'welcome' },
  setback: { type: 'setback', ...setback },
  'give-up': { type: 'give-up' },
  retry: { type: 'retry' },
  renew: { type: 'renew' },
  orphaned: { type: 'orphaned' },
  keep: { type: 'keep' },
  close: { type: 'close', cause },
};

/** Where each event leads; an event that is missing means nothing in that state. */
const table: Record<LinkState['name'], Partial<Record<LinkEvent['type'], LinkState['name']>>> = {
  idle: { connect: 'connecting', close: 'closed' },
  connecting: { welcome: 'connected', setback: 'waiting', 'give-up': 'idle', close: 'closed' },
  connected: { setback: 'waiting', renew: 'renewing', close: 'closed' },
  renewing: { welcome: 'connected', orphaned: 'connecting', keep: 'connected', close: 'closed' },
  waiting: { retry: 'connecting', 'give-up': 'idle', close: 'closed' },
  closed: {},
};

const names = Object.keys(states) as LinkState['name'][];
const types = Object.keys(events) as LinkEvent['type'][];

describe('transition', () => {
  for (const name of names) {
    it.each(types)(`from ${name}, by %s`, (type) => {
      const before = states[name];
      const after = transition(before, events[type]);
      const expected = table[name][type];
      if (expected === undefined) expect(after).toBe(before);
      else expect(after.name).toBe(expected);
    });
  }

  it('carries what is behind a wait and behind an end', () => {
    expect(transition(states.connected, events.setback)).toEqual({ name: 'waiting', ...setback });
    expect(transition(states.waiting, events.close)).toEqual({ name: 'closed', cause });
    expect(transition(states.waiting, { type: 'close' })).toEqual({ name: 'closed', cause: undefined });
  });

  it('never leaves the union, never changes its argument, and stays closed', () => {
    const sequences = fc.array(fc.constantFrom(...types), { maxLength: 60 });
    fc.assert(
      fc.property(sequences, (sequence) => {
        let state: LinkState = Object.freeze({ name: 'idle' });
        for (const type of sequence) {
          const next = transition(state, events[type]);
          expect(names).toContain(next.name);
          if (state.name === 'closed') expect(next).toBe(state);
          if (next !== state) expect(table[state.name][type]).toBe(next.name);
          state = Object.freeze(next);
        }
      }),
    );
  });

  it('can reach every state from idle, and closed from every state', () => {
    const reached = new Set<LinkState['name']>(['idle']);
    for (const name of reached) {
      for (const type of types) reached.add(transition(states[name], events[type]).name);
    }
    expect([...reached].sort()).toEqual([...names].sort());
    for (const name of names) expect(transition(states[name], events.close).name).toBe('closed');
  });
});
