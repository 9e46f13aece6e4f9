import * as undici8 from 'undici';
import * as undici6 from 'undici6';
import * as undici7 from 'undici7';

/** undici, under the types of its newest major. */
export type Undici = typeof undici8;

/** Every major of undici that is supported. */
export const majors: readonly { readonly major: number; readonly undici: Undici }[] = [
  { major: 8, undici: undici8 },
  { major: 7, undici: undici7 as unknown as Undici },
  { major: 6, undici: undici6 as unknown as Undici },
];

/** Runs a suite once for each major. */
export function forEachUndici(title: string, suite: (undici: Undici, major: number) => void): void {
  for (const { major, undici } of majors) describe(`${title}, undici ${major}`, () => suite(undici, major));
}
