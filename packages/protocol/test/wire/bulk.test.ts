// Lines of an export, of an import and of its answer: as they are, and nothing else.
import { expect, it } from 'vitest';
import { asExportedDevice, asImportAnswer, asImportedDevice, type ImportAnswer } from '../../src/wire/bulk.ts';
import { errorOf } from '../support/errors.ts';

const KEY = Buffer.alloc(32, 1).toString('base64');
const COUNTS = { lines: 5, created: 1, changed: 1, unchanged: 1, failed: 2 };

it('a device that was exported can be imported', () => {
  const device = { deviceId: 'pump-7', enabled: false, keys: [KEY, KEY] };
  expect(asExportedDevice({ ...device, more: 1 })).toEqual(device);
  expect(asImportedDevice({ ...device, more: 1 })).toEqual(device);
  expect(asImportedDevice({ deviceId: 'a' })).toEqual({ deviceId: 'a' });
});

it.each<[line: Record<string, unknown>, complaint: string]>([
  [{}, 'INVALID_DEVICE_ID'],
  [{ deviceId: 'a/b' }, 'INVALID_DEVICE_ID'],
  [{ deviceId: 'a', enabled: 1 }, 'enabled'],
  [{ deviceId: 'a', keys: ['short'] }, 'keys[0]'],
])('%j is no device', (line, complaint) => {
  const error = errorOf(() => asImportedDevice(line));
  expect([error.wireCode, error.details['path']]).toContain(complaint);
});

it.each<ImportAnswer>([
  { type: 'failed', line: 3, deviceId: 'a', code: 'BAD_REQUEST', message: 'm' },
  { type: 'failed', line: 3, code: 'INVALID_DEVICE_ID', message: 'm' },
  { type: 'progress', ...COUNTS },
  { type: 'done', ...COUNTS },
  { type: 'error', code: 'DRAINING', message: 'm', trackingId: 't', ...COUNTS },
])('an answer: $type', (answer) => {
  expect(asImportAnswer({ ...answer, more: 1 })).toEqual(answer);
  expect(() => asImportAnswer({ type: answer.type })).toThrow(/expected/);
});

it('an answer of a later version is none', () => expect(asImportAnswer({ type: 'later' })).toBeUndefined());
