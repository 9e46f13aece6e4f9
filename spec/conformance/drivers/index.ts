import type { Driver } from '../driver.ts';
import { axioses } from './axios.ts';
import { fetched, wrapped } from './fetch.ts';
import { gots } from './got.ts';
import { azure, smithy } from './seams.ts';
import { undici } from './undici.ts';

/** Every client by its family; `<family>.spec.ts` tries the laws on it. */
export const families: Readonly<Record<'got' | 'axios' | 'fetch' | 'others', readonly Driver[]>> = {
  got: gots,
  axios: axioses,
  fetch: [fetched, undici],
  others: [wrapped, azure, smithy],
};

/** Every client, in the order of the table. */
export const drivers: readonly Driver[] = Object.values(families).flat();
