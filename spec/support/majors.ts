import got16, { type Got } from 'got';
import got14 from 'got14';
import got15 from 'got15';

/** Every major of got that is supported, under the types of the newest. */
export const majors: readonly { readonly major: number; readonly got: Got }[] = [
  { major: 16, got: got16 },
  { major: 15, got: got15 as unknown as Got },
  { major: 14, got: got14 as unknown as Got },
];

/** Runs a suite once for each major. */
export function forEachMajor(title: string, suite: (got: Got, major: number) => void): void {
  for (const { major, got } of majors) describe(`${title}, got ${major}`, () => suite(got, major));
}
