// Where is this device? Here, or nowhere; a cluster of hubs would know more places.
import type { DeviceSession } from './session.ts';
import type { Sessions } from './sessions.ts';

/** Finds the session through which a device can be asked. */
export interface Router {
  find(deviceId: string): Promise<DeviceSession | undefined>;
}

/** The devices that are connected to this process. */
export function localRouter(sessions: Sessions): Router {
  return { find: (deviceId) => Promise.resolve(sessions.find(deviceId)) };
}
