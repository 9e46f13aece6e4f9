import type { Notice } from '../../words/types.ts';

const LOST_FILTER: Notice = {
  code: 'lost-filter',
  message:
    'GET /api/machines is asked for another page without the $filter of the first: the API lost it from its @odata.nextLink, whose pages then hold all devices and never end (microsoft-365-docs#8316). Page with $filter, $top and $skip of your own instead, or stop at the first page that has no new device.',
};

/** Parameters that ask for a page after the first. */
const NEXT = /^\$?skip(?:token)?$/i;
const FILTER = /^\$?filter$/i;

/**
 * Finds links to the next page of a list that have lost the list's filter. A link of the API may keep the filter's
 * value but lose its name, `?=onboardingStatus eq 'Onboarded'&$skip=10000`, which shows by itself; or lose both, which
 * shows only after a page that had one.
 */
export class LostFilter {
  /** Whether the list last begun has a filter. */
  #filtered = false;

  /** The notice for a request for a page of the list. */
  notice({ searchParams }: URL): Notice | undefined {
    const names = [...searchParams.keys()];
    if (names.some((name) => FILTER.test(name))) this.#filtered = true;
    else if (names.includes('') || (this.#filtered && names.some((name) => NEXT.test(name))))
      return LOST_FILTER;
    else if (!names.some((name) => NEXT.test(name))) this.#filtered = false;
    return undefined;
  }
}
