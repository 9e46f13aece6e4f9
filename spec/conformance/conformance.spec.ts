import { expect } from 'chai';
import { type Case, together } from '../support/together.ts';
import { drivers } from './drivers/index.ts';
import { laws } from './laws.ts';
import { tryLaw, unknownLaws } from './trial.ts';

const titles = new Set(Object.values(laws).flatMap(Object.keys));

for (const driver of drivers) {
  describe(`By ${driver.name}`, () => {
    it('declares no difference from a law that there is not', () => {
      expect(unknownLaws(driver, titles)).to.deep.equal([]);
    });

    // Each law has servers and gates of its own, and most of them wait.
    together(
      Object.entries(laws).flatMap(([about, group]) =>
        Object.entries(group).map(([title, law]): Case => {
          const difference = driver.differences?.[title];
          const shown = difference ? `${title} – not so: ${difference.because}` : title;
          return [`${about}: ${shown}`, () => tryLaw(driver, title, law)];
        }),
      ),
      5,
    );
  });
}
