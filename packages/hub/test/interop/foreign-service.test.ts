// A service that was written from docs/protocol.md alone passes the suite of our streams, against our own other side.
import { streamCompliance } from '@streams/testkit';
import { afterAll, beforeAll } from 'vitest';
import { Parties } from '../foreign/parties.ts';

let parties: Parties;
beforeAll(async () => {
  parties = await Parties.start();
});
afterAll(() => parties.close());

streamCompliance('foreign service, our device', () => parties.pair('foreign', 'ours'));
