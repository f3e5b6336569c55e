// A handshake by hand: a device that has accepted over a bare control link, and the tickets of both sides.
import type { TestHub } from '@streams/hub/testing';
import { OPCODE, type RawPeer } from '@streams/testkit';
import { rawLink } from './raw.ts';
import { call, type RestAnswer } from './rest.ts';

/** What leads to a leg. */
export interface Ticket {
  readonly streamId: string;
  readonly url: string;
  readonly token: string;
}

/** Both tickets, and the link of the device. */
export interface RawHandshake {
  readonly control: RawPeer;
  readonly offer: Ticket;
  /** The hub's answer to the service. */
  readonly answer: RestAnswer;
  readonly ticket: Ticket;
}

/** Reads a control message; pings that come before it are left out. */
export async function readMessage(control: RawPeer): Promise<Record<string, unknown>> {
  for (;;) {
    const { opcode, payload } = await control.readFrame();
    if (opcode === OPCODE.text) return JSON.parse(payload.toString()) as Record<string, unknown>;
  }
}

/** Sends a control message. */
export function sendMessage(control: RawPeer, message: object | string): void {
  control.writeFrame({ opcode: OPCODE.text, payload: Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)) });
}

/** Connects the device, asks it for a stream and has it accept. @param control A link that has been welcomed. */
export async function rawHandshake(test: TestHub, deviceId: string, control?: RawPeer, timeoutMs = 10_000): Promise<RawHandshake> {
  const link = control ?? (await welcomed(test, deviceId));
  const posted = call(test, 'POST', `/v1/devices/${deviceId}/streams`, { body: { timeoutMs } });
  let offer = await readMessage(link);
  while (offer['type'] !== 'request') offer = await readMessage(link);
  sendMessage(link, { type: 'accept', streamId: offer['streamId'], protocol: 'streams.v1' });
  const answer = await posted;
  return { control: link, offer: offer as unknown as Ticket, answer, ticket: answer.body as unknown as Ticket };
}

/** A control link whose welcome has been read. */
export async function welcomed(test: TestHub, deviceId: string): Promise<RawPeer> {
  const [control] = await rawLink(test, deviceId);
  await readMessage(control);
  return control;
}
