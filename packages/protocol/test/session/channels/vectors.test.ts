// docs/vectors/channels.json: what a side makes of any frames, for implementers in other languages, and of ours.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Channel } from '../../../src/session/channels/channel.ts';
import type { SessionRole } from '../../../src/wire/session-hello.ts';
import type { SentResetCode } from '../../../src/wire/reset-codes.ts';
import { encodeSessionFrame, type SessionFrame } from '../../../src/wire/session-frames.ts';
import { Recorder, SessionEnd } from '../../support/channel-pair.ts';

type Fields = Readonly<Record<string, unknown>> & { readonly payloadBytes?: number; readonly metadata?: string };
interface Action {
  readonly do: string;
  readonly channel?: number;
  readonly metadata?: string;
  readonly bytes?: number;
  readonly code?: SentResetCode;
  readonly reason?: string;
}
type Step = Action | { readonly receives: readonly Fields[] } | { readonly sends: readonly Fields[] };
interface Page {
  readonly received: readonly { readonly name: string; readonly result: string; readonly frames: readonly Fields[] }[];
  readonly exchanges: readonly { readonly name: string; readonly side: SessionRole; readonly steps: readonly Step[] }[];
}

const page = JSON.parse(readFileSync(new URL('../../../../../docs/vectors/channels.json', import.meta.url), 'utf8')) as Page;

function sideOf(role: SessionRole): SessionEnd {
  const end = new SessionEnd(role, { limits: { initialWindowBytes: 131_072, maxChannels: 512 } });
  end.isHeld = true;
  end.channels.onPeer({ initialWindowBytes: 131_072, maxChannels: 512 });
  return end;
}

function messageOf(frames: readonly Fields[]): Buffer {
  return Buffer.concat(
    frames.map(({ payloadBytes = 0, metadata = '', ...fields }) => {
      const payload = Buffer.alloc(payloadBytes);
      return encodeSessionFrame({ ...fields, payload, metadata: Buffer.from(metadata, 'hex') } as unknown as SessionFrame);
    }),
  );
}

function shown(frame: SessionFrame): Fields {
  if (frame.type === 'data') {
    const { payload, ...fields } = frame;
    return { ...fields, payloadBytes: payload.length };
  }
  return 'metadata' in frame ? { ...frame, metadata: Buffer.from(frame.metadata).toString('hex') } : frame;
}

/** A side, and its application. */
class Side {
  readonly end: SessionEnd;
  readonly #channels = new Map<number, Channel>();

  constructor(role: SessionRole) {
    this.end = sideOf(role);
  }

  act({ do: what, channel: id = 0, metadata = '', bytes = 0, code, reason }: Action): void {
    const bytesOf = Buffer.from(metadata, 'hex');
    const channel = this.#channels.get(id);
    if (what === 'open') this.#channels.set(id, this.#open(id, bytesOf));
    else if (what === 'accept') this.#channels.set(id, this.#request().accept(new Recorder(), bytesOf));
    else if (what === 'reject') this.#request().reject(code ?? 'REFUSED', reason);
    else if (what === 'write') channel?.write(Buffer.alloc(bytes));
    else if (what === 'read') channel?.resume();
    else if (what === 'end') channel?.end();
    else if (what === 'reset') channel?.reset(code, reason);
    else if (what === 'endSession') this.end.channels.end();
    else throw new Error(`no such action: ${what}`);
  }

  #open(id: number, metadata: Uint8Array): Channel {
    const channel = this.end.channels.open(metadata, new Recorder());
    expect(channel.id).toBe(id);
    return channel;
  }

  #request(): NonNullable<(typeof this.end.requests)[0]> {
    const request = this.end.requests.shift();
    if (!request) throw new Error('nothing was opened');
    return request;
  }
}

describe('received', () => {
  it.each(page.received)('$name: $result', ({ result, frames }) => {
    const end = sideOf('device');
    end.receive(messageOf([{ type: 'open', channel: 1 }]));
    end.channels.open(new Uint8Array(0), new Recorder());
    end.receive(messageOf(frames));
    expect(end.failure?.code ?? 'lives').toBe(result);
  });
});

describe('exchanges', () => {
  it.each(page.exchanges)('$name', ({ side: role, steps }) => {
    const side = new Side(role);
    for (const [index, step] of steps.entries()) {
      if ('do' in step) side.act(step);
      else if ('receives' in step) side.end.receive(messageOf(step.receives));
      else expect([index, side.end.frames().map(shown)]).toEqual([index, step.sends]);
    }
    expect(side.end.failure).toBeUndefined();
  });
});
