// What the package shows: a short list of public names; all else goes through the door for siblings.
import { expect, it } from 'vitest';
import * as internal from '../src/internal.ts';
import * as index from '../src/index.ts';

it('the public names are these', () => {
  expect(Object.keys(index).toSorted()).toEqual([
    'AuthenticationError',
    'ChannelResetError',
    'ChannelStream',
    'DeviceNotConnectedError',
    'DeviceStream',
    'ERRORS',
    'ReplacedError',
    'Secret',
    'SessionError',
    'StreamRejectedError',
    'StreamTerminatedError',
    'StreamTimeoutError',
    'StreamsError',
    'Tunnel',
    'TunnelRequest',
    'formatConnectionString',
    'parseDeviceConnectionString',
    'parseServiceConnectionString',
  ]);
});

it('the door for siblings shows all of them, the same ones', () => {
  expect(internal).toMatchObject(index);
});
