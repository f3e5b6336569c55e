// A device that speaks `raw`, written with plain ws, passes the suite of our streams as far as `raw` can, against our own other side.
import { streamCompliance } from '@streams/testkit';
import { afterAll, beforeAll } from 'vitest';
import { Parties } from '../foreign/parties.ts';

let parties: Parties;
beforeAll(async () => {
  parties = await Parties.start();
});
afterAll(() => parties.close());

streamCompliance('our service, a raw foreign device', () => parties.pair('ours', 'raw'), { halfClose: false });
