// A set that is walked in order: the same as sorting it anew each time, whatever was added and removed.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SortedIds } from '../../src/devices/sorted-ids.ts';

const ids = fc.string({ unit: fc.constantFrom('a', 'B', '.', '7'), minLength: 1, maxLength: 4 });
const steps = fc.array(
  fc.oneof(
    ids.map((id) => ({ id })),
    fc.record({ after: fc.oneof(ids, fc.constant('')), prefix: fc.oneof(ids, fc.constant('')) }),
  ),
);

it('walks what a plain set has', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const sorted = new SortedIds();
      const plain = new Set<string>();
      for (const step of all) {
        if ('id' in step) {
          if (plain.delete(step.id)) sorted.delete(step.id);
          else sorted.add([...plain.add(step.id)].at(-1) ?? '');
          continue;
        }
        const { after, prefix } = step;
        expect([...sorted.from(after, prefix)]).toEqual([...plain].filter((id) => id > after && id.startsWith(prefix)).toSorted());
      }
    }),
  );
});
