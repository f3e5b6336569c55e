// Runs a scenario of docs/vectors/session-resume.json against a link, as docs/vectors/README.md says.
import { FakeClock } from '@streams/testkit';
import { expect } from 'vitest';
import type { Leg, LegEnd } from '../../src/leg/leg.ts';
import { memoryLegPair } from '../../src/leg/memory-leg.ts';
import { Link } from '../../src/session/link/link.ts';
import type { LinkUser } from '../../src/session/seam.ts';
import type { Random } from '../../src/time/random.ts';

type Step =
  | { readonly do: 'attach' | 'lose'; readonly leg: number }
  | { readonly do: 'say'; readonly leg: number; readonly hex: string }
  | { readonly do: 'hear'; readonly leg: number; readonly hex?: string; readonly prefix?: string }
  | { readonly do: 'close'; readonly leg: number; readonly code: number }
  | { readonly do: 'closed'; readonly leg: number; readonly code: number }
  | { readonly do: 'send'; readonly frames: string }
  | { readonly do: 'event'; readonly event: string }
  | { readonly do: 'check'; readonly received?: number; readonly retained?: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'end' };

/** The file. */
export interface Scenarios {
  readonly sessionId: string;
  readonly servicePrivateKey: string;
  readonly scenarios: readonly { readonly name: string; readonly steps: readonly Step[] }[];
}

/** What a peer has heard on a leg, and how that ended. */
interface Side {
  readonly leg: Leg;
  readonly heard: string[];
  end: LegEnd | undefined;
}

/** The secret first, then a nonce for each leg: 16 times a1, a2 and so on. */
function fixedRandom(secret: string): Random {
  let nonces = 0;
  return {
    uniform: () => 0,
    bytes: (count) => (count === 32 ? Buffer.from(secret, 'hex') : Buffer.alloc(count, 0xa0 + (nonces += 1))),
  };
}

class Scenario {
  readonly #clock = new FakeClock(0);
  readonly #outbox: Buffer[] = [];
  readonly #events: string[] = [];
  readonly #sides = new Map<number, Side>();
  readonly #link: Link;

  constructor({ sessionId, servicePrivateKey }: Scenarios) {
    const user: LinkUser = {
      compose: (reservedBytes) => {
        const frames = this.#outbox.shift();
        return frames && Buffer.concat([Buffer.alloc(reservedBytes), frames]);
      },
      receive: () => undefined,
      onPeer: () => undefined,
    };
    this.#link = new Link({
      role: 'service',
      sessionId: Buffer.from(sessionId, 'hex'),
      user,
      clock: this.#clock,
      random: fixedRandom(servicePrivateKey),
      limits: { initialWindowBytes: 131_072, maxChannels: 4_096 },
      implicitChannel: true,
    });
    for (const event of ['up', 'suspended', 'resumed', 'moved'] as const) this.#link.on(event, () => this.#events.push(event));
    this.#link.on('closed', ({ failure }) => this.#events.push(`closed ${failure?.code ?? 'clean'}`));
  }

  async play(step: Step): Promise<void> {
    switch (step.do) {
      case 'attach':
        this.#attach(step.leg);
        break;
      case 'lose':
        this.#side(step.leg).leg.terminate();
        break;
      case 'close':
        this.#side(step.leg).leg.close(step.code);
        break;
      case 'say':
        this.#side(step.leg).leg.send(Buffer.from(step.hex, 'hex'));
        break;
      case 'send':
        this.#outbox.push(Buffer.from(step.frames, 'hex'));
        this.#link.wake();
        break;
      case 'wait':
        await this.#clock.advance(step.ms);
        break;
      case 'end':
        this.#link.end();
        break;
      default:
        this.#expect(step);
    }
    for (let turn = 0; turn < 12; turn += 1) await new Promise(setImmediate);
  }

  /** Nothing was heard, and nothing has happened, that the scenario does not name. */
  finish(): void {
    expect([this.#events, [...this.#sides.values()].flatMap(({ heard }) => heard)]).toEqual([[], []]);
  }

  #expect(step: Extract<Step, { do: 'hear' | 'closed' | 'event' | 'check' }>): void {
    switch (step.do) {
      case 'hear': {
        const heard = this.#side(step.leg).heard.shift();
        return expect(step.prefix ? heard?.slice(0, step.prefix.length) : heard).toBe(step.prefix ?? step.hex);
      }
      case 'closed':
        return expect(this.#side(step.leg).end?.code).toBe(step.code);
      case 'event':
        return expect(this.#events.shift()).toBe(step.event);
      case 'check': {
        const { bytesReceived, retainedBytes } = this.#link.stats();
        const { received = bytesReceived, retained = retainedBytes } = step;
        expect({ received: bytesReceived, retained: retainedBytes }).toEqual({ received, retained });
      }
    }
  }

  #side(leg: number): Side {
    return this.#sides.get(leg) as Side;
  }

  #attach(number: number): void {
    const [ours, leg] = memoryLegPair(this.#clock);
    const side: Side = { leg, heard: [], end: undefined };
    leg.on('message', (message) => side.heard.push(Buffer.from(message as Uint8Array).toString('hex')));
    leg.on('close', (end) => (side.end = end));
    leg.resume();
    this.#sides.set(number, side);
    this.#link.attach(ours);
  }
}

/** Plays the steps of one scenario; what does not come as it is written fails the test. */
export async function runScenario(file: Scenarios, steps: readonly Step[]): Promise<void> {
  const scenario = new Scenario(file);
  for (const step of steps) await scenario.play(step);
  scenario.finish();
}
