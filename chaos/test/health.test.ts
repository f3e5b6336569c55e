// The slope of a hub's memory, and how sure it is: what grows is told from what only goes up and down.
import { expect, it } from 'vitest';
import { slopeOf } from '../src/health.ts';

const line = (perHour: number, noise: number): { hours: number; value: number }[] =>
  Array.from({ length: 100 }, (_, index) => ({ hours: index / 200, value: 50 + (perHour * index) / 200 + (index % 2 ? noise : -noise) }));

it('is that of the line, without doubt where all samples lie on it', () => {
  const { perHour, errorPerHour } = slopeOf(line(7, 0));
  expect(perHour).toBeCloseTo(7);
  expect(errorPerHour).toBeCloseTo(0);
});

it('is doubtful by as much as the samples scatter, and less so over a longer time', () => {
  const { errorPerHour } = slopeOf(line(0, 4));
  // 4 / sqrt(the sum of the squares of the times around their mean, for 98 degrees of freedom)
  expect(errorPerHour).toBeCloseTo(2.8, 1);
  expect(slopeOf(line(0, 4).map(({ hours, value }) => ({ hours: hours * 2, value }))).errorPerHour).toBeCloseTo(errorPerHour / 2);
  expect(slopeOf([]).perHour).toBeNaN();
});
