import type { Driver } from './driver.ts';
import type { Laws } from './laws/law.ts';
import { Scene, soon } from './scene.ts';

/** Wait for a call whose declared difference is that it has no end, in ms. */
const NO_END_MS = 1_000;

/** Tries a law on a client. Throws where it does not hold, or where a declared difference does not show. */
export async function tryLaw(driver: Driver, title: string, law: Laws[string]): Promise<void> {
  const difference = driver.differences?.[title];
  const scene = await Scene.open(driver);
  try {
    const trial = law(scene);
    await (difference?.shows.test('No end') ? soon(trial, NO_END_MS) : trial);
  } catch (error) {
    if (difference?.shows.test((error as Error).message)) return;
    throw error;
  } finally {
    await scene[Symbol.asyncDispose]();
  }
  if (difference) throw new Error(`The law holds; yet a difference is declared: ${difference.because}`);
}

/** Differences declared from laws that there are not. */
export function unknownLaws({ differences = {} }: Driver, titles: ReadonlySet<string>): string[] {
  return Object.keys(differences).filter((title) => !titles.has(title));
}
