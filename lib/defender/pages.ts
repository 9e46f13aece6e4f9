import { isObject } from '../classify/error-body.ts';
import { OptionsError } from '../words/errors.ts';
import { ask, type Client } from './ask.ts';
import { Term, type TermOptions } from './term.ts';

/** Options of `pages()`. */
export interface PagesOptions extends TermOptions {
  /**
   * Items per page, for lists without `@odata.nextLink`: pages are requested by `$top` and `$skip` until one is not full.
   * Default: follows the API's links.
   */
  readonly pageSize?: number | undefined;
}

/** One page of a list. */
export interface Page<T> {
  /** Number of the page, from 1. */
  readonly number: number;
  /** Items, in the API's order. */
  readonly items: readonly T[];
  /** Number of items so far, including these. */
  readonly done: number;
  /** Number of items in the whole list, if the API states it (`$count=true`). */
  readonly total: number | undefined;
  /** Expected ms for the remaining items, at the pace so far; `undefined` without `total`, or before the first item. */
  readonly leftMs: number | undefined;
}

/** A list cannot be followed to its end. */
export class PagingError extends Error {
  override readonly name = 'PagingError';
}

/**
 * The pages of an OData list, such as Defender's and Graph's. Each page is one request, sent when the page is asked for. A
 * link to another origin, or to a page already seen, throws a {@link PagingError}: tokens stay with the first origin, and
 * no list is endless. A `$filter` that a link lost is restored (microsoft-365-docs#8316).
 *
 * @param url address of the first page
 * @throws `OptionsError`; `DeadlineError` once `deadline` has passed; {@link RefusedError}; the client's own errors
 * @example
 * for await (const { items, done, total } of pages(gate.fetch(), `${api}/api/machines?$filter=${filter}`)) save(items);
 */
export async function* pages<T = unknown>(
  client: Client,
  url: string | URL,
  options: PagesOptions = {},
): AsyncGenerator<Page<T>, void, void> {
  const { pageSize } = options;
  if (!URL.canParse(String(url))) throw new OptionsError('url', url, 'an absolute URL');
  if (pageSize !== undefined && !(Number.isSafeInteger(pageSize) && pageSize > 0)) {
    throw new OptionsError('pageSize', pageSize, 'a whole number of 1 or more');
  }
  const first = new URL(url);
  const term = new Term(options);
  const seen = new Set<string>();
  let done = 0;
  let total: number | undefined;
  let next: URL | undefined = pageSize === undefined ? first : skipping(first, pageSize, 0);
  for (let number = 1; next !== undefined; number += 1) {
    if (seen.has(next.href))
      throw new PagingError(`Page ${number} of ${first.pathname} repeats an earlier page`);
    seen.add(next.href);
    const body = await ask(client, { url: next.href, ...term.next() });
    const { value, '@odata.nextLink': link, '@odata.count': count } = fieldsOf(body);
    if (!Array.isArray(value))
      throw new PagingError(`Page ${number} of ${first.pathname} has no list in 'value'`);
    done += value.length;
    if (typeof count === 'number') total = count;
    const leftMs =
      total === undefined || done === 0 ? undefined : (term.elapsedMs / done) * Math.max(0, total - done);
    yield { number, items: value as readonly T[], done, total, leftMs };
    if (pageSize === undefined) next = typeof link === 'string' ? followed(link, first) : undefined;
    else next = value.length < pageSize ? undefined : skipping(first, pageSize, done);
  }
}

function fieldsOf(body: unknown): Readonly<Record<string, unknown>> {
  return isObject(body) ? body : {};
}

function skipping(first: URL, top: number, skip: number): URL {
  const url = new URL(first);
  url.searchParams.set('$top', String(top));
  if (skip > 0) url.searchParams.set('$skip', String(skip));
  return url;
}

function followed(link: string, first: URL): URL {
  const url = URL.canParse(link, first.href) ? new URL(link, first) : undefined;
  if (url?.origin !== first.origin) {
    throw new PagingError(`The link to the next page of ${first.pathname} leads to another origin`);
  }
  const filter = first.searchParams.get('$filter');
  if (filter !== null && !url.searchParams.has('$filter')) {
    // The link may keep the value without its name.
    url.searchParams.delete('');
    url.searchParams.set('$filter', filter);
  }
  return url;
}
