import type { Driver } from '../driver.ts';
import { axioses } from './axios.ts';
import { fetched, wrapped } from './fetch.ts';
import { gots } from './got.ts';
import { azure, smithy } from './seams.ts';
import { undici } from './undici.ts';

/** Every client, in the order of the table. */
export const drivers: readonly Driver[] = [...gots, ...axioses, fetched, undici, wrapped, azure, smithy];
