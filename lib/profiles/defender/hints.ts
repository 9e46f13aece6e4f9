import type { Hooks } from '../define/definition.ts';
import { caseCorrections, jsonBody } from './body.ts';
import { LostFilter } from './paging.ts';
import { bodyNames } from './parameters.ts';

/** Codes, in lower case, that a parameter name in the wrong case can cause, according to the page of common errors. */
const CASE_CODES: ReadonlySet<string | undefined> = new Set([
  'invalidrequestbody',
  'missingrequiredparameter',
]);

/** What the tables cannot express: mistakes in the request's body, and links that lost their filter. */
export function hooks(): Hooks {
  const lostFilter = new LostFilter();
  return {
    refine(read, { request }, endpoint) {
      const names = CASE_CODES.has(read.code?.toLowerCase()) ? bodyNames.get(endpoint ?? '') : undefined;
      const corrections = names ? caseCorrections(jsonBody(request), names) : [];
      return corrections.length > 0
        ? { ...read, hint: `${read.hint} Here, ${corrections.join(', ')}.` }
        : read;
    },
    notice: ({ url }, endpoint) => (endpoint === 'GET /api/machines' ? lostFilter.notice(url) : undefined),
  };
}
