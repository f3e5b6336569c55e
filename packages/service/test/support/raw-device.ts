// A device without an SDK: it answers what a test wants, and comes for its leg only if it is told to.
import { parseDeviceConnectionString, signSharedAccess } from '@streams/protocol/internal';
import { OPCODE, RawPeer } from '@streams/testkit';
import { DEVICE, type Rig } from './rig.ts';

/** A stream request as it stands on the wire. */
export interface WireRequest {
  readonly type: string;
  readonly streamId: string;
  readonly url: string;
  readonly token: string;
}

/** See the top of this file. */
export class RawDevice {
  readonly #rig: Rig;
  readonly #ca: string | undefined;
  readonly #link: RawPeer;

  private constructor(rig: Rig, ca: string | undefined, link: RawPeer) {
    this.#rig = rig;
    this.#ca = ca;
    this.#link = link;
  }

  /** Connects, and reads the welcome. */
  static async connect(rig: Rig, deviceId: string = DEVICE): Promise<RawDevice> {
    await rig.hub.putDevice(deviceId);
    const { hostName, key, caCertificate } = parseDeviceConnectionString(await rig.hub.connectionString({ deviceId }));
    const authorization = signSharedAccess({ resource: `${hostName}/devices/${deviceId}`, expiresAtMs: rig.clock.wallMs() + 600_000 }, key);
    const device = new RawDevice(rig, caCertificate, await open(rig, caCertificate));
    await device.#link.upgrade(`/v1/devices/${deviceId}/control`, [
      ['Authorization', authorization],
      ['Sec-WebSocket-Protocol', 'streams.control.v1'],
    ]);
    await device.message();
    return device;
  }

  /** The next message of the hub. */
  async message(): Promise<WireRequest> {
    for (;;) {
      const { opcode, payload } = await this.#link.readFrame();
      if (opcode === OPCODE.text) return JSON.parse(payload.toString()) as WireRequest;
    }
  }

  send(message: object): void {
    this.#link.writeFrame({ opcode: OPCODE.text, payload: JSON.stringify(message) });
  }

  accept({ streamId }: WireRequest, protocol = 'streams.v1'): void {
    this.send({ type: 'accept', streamId, protocol, capabilities: [] });
  }

  /** Asks for the device leg; the head of the answer comes when the hub decides. */
  async leg(request: WireRequest): Promise<{ peer: RawPeer; status: Promise<number> }> {
    const peer = await open(this.#rig, this.#ca);
    const head = peer.upgrade(new URL(request.url).pathname, [
      ['Authorization', `Bearer ${request.token}`],
      ['Sec-WebSocket-Protocol', 'streams.v1'],
    ]);
    return { peer, status: head.then(({ status }) => status) };
  }
}

async function open(rig: Rig, ca: string | undefined): Promise<RawPeer> {
  const peer = await RawPeer.connect({ port: rig.port, tls: { ca: ca ?? [], host: '127.0.0.1' } });
  rig.onEnd(() => peer.destroy());
  return peer;
}
