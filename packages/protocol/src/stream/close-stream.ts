// The graceful end of one stream, within bounds.
import type { Clock } from '../time/clock.ts';
import { CLOSE_TIMEOUT_MS } from '../wire/defaults.ts';
import type { DeviceStream, StreamOutcome } from './device-stream.ts';

/** Ends this side, and resolves once the other has ended too; it is aborted if it has not within `CLOSE_TIMEOUT_MS`. */
export async function closeStream(stream: DeviceStream, clock: Clock): Promise<StreamOutcome> {
  const cancel = clock.after(CLOSE_TIMEOUT_MS, () => stream.abort('the stream was closed'));
  stream.end();
  // What nobody has begun to read would keep the end from being seen.
  if (stream.readableFlowing === null) stream.resume();
  const outcome = await stream.outcome;
  cancel();
  return outcome;
}
