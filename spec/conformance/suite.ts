import { expect } from 'chai';
import type { Driver } from './driver.ts';
import { laws } from './laws.ts';
import { tryLaw, unknownLaws } from './trial.ts';

const titles = new Set(Object.values(laws).flatMap(Object.keys));

/** Declares every law for these clients. A file for each family, as the laws wait and files run at the same time. */
export function conform(drivers: readonly Driver[]): void {
  for (const driver of drivers) {
    describe(`By ${driver.name}`, () => {
      for (const [about, group] of Object.entries(laws)) {
        describe(about, () => {
          for (const [title, law] of Object.entries(group)) {
            const difference = driver.differences?.[title];
            it(difference ? `${title} – not so: ${difference.because}` : title, () =>
              tryLaw(driver, title, law),
            );
          }
        });
      }

      it('declares no difference from a law that there is not', () => {
        expect(unknownLaws(driver, titles)).to.deep.equal([]);
      });
    });
  }
}
