import type { Notice } from '../../words/types.ts';

const LOST_FILTER: Notice = {
  code: 'lost-filter',
  message:
    'This request for a further page of GET /api/machines lacks the $filter of the first: the API dropped it from its @odata.nextLink, whose pages then list all devices and never end (microsoft-365-docs#8316). Set $filter, $top and $skip yourself instead, or stop at the first page without a new device.',
};

/** Parameters that ask for a page after the first. */
const NEXT = /^\$?skip(?:token)?$/i;
const FILTER = /^\$?filter$/i;

/**
 * Detects links to the next page that lost the list's filter. The API's link may keep the filter's value but lose its
 * name, `?=onboardingStatus eq 'Onboarded'&$skip=10000`, which is visible in the link itself. Or it may lose both, which
 * is visible only by comparison with an earlier page.
 */
export class LostFilter {
  /** Whether the most recently started list has a filter. */
  #filtered = false;

  /** The notice for a request for one page. */
  notice({ searchParams }: URL): Notice | undefined {
    const names = [...searchParams.keys()];
    if (names.some((name) => FILTER.test(name))) this.#filtered = true;
    else if (names.includes('') || (this.#filtered && names.some((name) => NEXT.test(name))))
      return LOST_FILTER;
    else if (!names.some((name) => NEXT.test(name))) this.#filtered = false;
    return undefined;
  }
}
