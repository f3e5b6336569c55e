// Properties, whose expectations may be single expressions: fast-check would take what `expect` returns for a verdict.
import fc from 'fast-check';

/** Checks what holds for all values of `values`. */
export function forAll<T>(values: fc.Arbitrary<T>, check: (value: T) => void, numRuns = 100): void {
  fc.assert(
    fc.property(values, (value) => {
      check(value);
    }),
    { numRuns },
  );
}
