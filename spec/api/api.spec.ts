import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { publicTypes, REPORT } from './public-types.ts';

describe('The public types', () => {
  it('are those of the committed report; `npm run api` writes it anew, and its diff is what to review', function () {
    this.timeout(60_000);
    expect(publicTypes()).to.equal(readFileSync(REPORT, 'utf8'));
  });
});
