import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { expectReading } from 'headgate/testing';
import { BOOK } from '../docs/apis.ts';

const ANSWERS = path.join(import.meta.dirname, '../classify/answers');

interface Captured {
  readonly id: string;
  readonly request: { readonly method: string; readonly url: string };
  readonly receivedAt: number;
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly expect: object;
}

const captured: readonly Captured[] = readdirSync(ANSWERS)
  .flatMap((file) => readFileSync(path.join(ANSWERS, file), 'utf8').split('\n').filter(Boolean))
  .map((line) => JSON.parse(line) as Captured);
const profiles = BOOK.map(([, factory]) => factory());

describe('An answer that users captured', () => {
  let tried = 0;
  for (const { id, request, expect: expected, ...answer } of captured) {
    const url = new URL(request.url);
    const profile = profiles.find(({ name, quota }) =>
      quota({ method: 'GET', url }).key.startsWith(`${name}/`),
    );
    if (!profile) continue;
    tried += 1;
    it(`is read right by the profile of its API: ${profile.name}, ${id}`, () => {
      expectReading(profile, { ...answer, request: `${request.method} ${request.url}` }, expected);
    });
  }

  it('has a profile in many cases', () => {
    expect(tried).to.be.at.least(50);
  });
});
