// Ends the links, handshakes and streams behind which there is a device's key that is no longer in force (design section 5).
import type { Logger } from '@streams/protocol/internal';
import type { Sessions } from '../control/sessions.ts';
import type { DeviceRecord, Registry } from '../devices/registry.ts';
import type { Broker } from '../streams/broker.ts';
import { keyIdsInForce, sharesOne } from './key-id.ts';

/** What revocation works on. */
export interface RevocationContext {
  readonly registry: Registry;
  readonly sessions: Sessions;
  readonly broker: Broker;
  readonly logger: Logger;
}

/** Follows the registry from its construction to `stop`. */
export class Revocation {
  readonly stop: () => void;
  readonly #context: RevocationContext;

  constructor(context: RevocationContext) {
    this.#context = context;
    this.stop = context.registry.changes(({ deviceId, device }) => this.#apply(deviceId, device));
  }

  /**
   * For a link or a stream that has just come about: a change between the look at the credential and now found nothing to end.
   * Looks at the registry once more.
   */
  check(deviceId: string): void {
    const { registry, logger } = this.#context;
    registry.get(deviceId).then(
      (device) => this.#apply(deviceId, device),
      (err: unknown) => logger.error({ err, deviceId }, 'the registry could not be asked whether a key is still in force'),
    );
  }

  #apply(deviceId: string, device: DeviceRecord | undefined): void {
    const keyIds = keyIdsInForce(device);
    this.#context.sessions.revoke(deviceId, keyIds);
    // What the device has not accepted yet waits for its session.
    this.#context.broker.revoke(
      ({ deviceKeyIds }) => deviceKeyIds !== undefined && !sharesOne(deviceKeyIds, keyIds),
      'DEVICE_NOT_CONNECTED',
      deviceId,
    );
  }
}
