import { sanitizeId } from '../../classify/correlation-id.ts';
import { type ErrorEnvelope, layersOf, readErrorEnvelope } from '../../classify/error-body.ts';
import { classifyHttp } from '../../classify/http.ts';
import { retryAfterMs } from '../../classify/retry-after.ts';
import type { Classification, Outcome, RequestFacts } from '../../words/types.ts';
import { caseCorrections, jsonBody } from './body.ts';
import { byCode, byStatus, type DefenderErrorCode } from './codes.ts';
import { endpointOf } from './endpoints.ts';
import { expectationOf } from './expectations.ts';
import { bodyNames } from './parameters.ts';
import { variantOf } from './variants.ts';
import { waitInText } from './wait-text.ts';

/** Codes that a parameter name in the wrong case can cause, by the page of common errors. */
const CASE_CODES: ReadonlySet<string | undefined> = new Set([
  'InvalidRequestBody',
  'MissingRequiredParameter',
]);

/** Classifies a response of the API by the code in its body, or else by its status. */
export function classifyDefender(outcome: Outcome): Classification {
  const http = classifyHttp(outcome);
  const { status, headers, request } = outcome;
  if (status === undefined || status < 400) return http;

  const layers = [...layersOf(readErrorEnvelope(outcome.body))];
  // The innermost of the API's codes is the most precise.
  const layer = layers.findLast(({ code }) => byCode(code)) ?? layers.find(({ code }) => code);
  const known = byCode(layer?.code);
  const id = endpointOf(request.method, request.url)?.id;
  const expected = (known?.status ?? status) === 404 ? expectationOf(id) : undefined;
  const variant = variantOf(known?.code, layer?.message);
  const verdict = expected?.verdict ?? variant?.verdict ?? known?.verdict ?? http.verdict;

  const waits = verdict === 'throttled' || verdict === 'transient';
  const inHeader = waits && headers ? retryAfterMs(headers, outcome.receivedAt) : undefined;
  const inMessage = verdict === 'throttled' && inHeader === undefined ? first(layers, waitOf) : undefined;
  return {
    verdict,
    status,
    code: sanitizeId(layer?.code),
    correlationId: first(layers, targetOf) ?? http.correlationId,
    retryAfterMs: inHeader ?? inMessage ?? expected?.retryAfterMs,
    retryAfterSource: inHeader !== undefined ? 'header' : inMessage !== undefined ? 'message' : undefined,
    unprocessed: verdict === 'throttled' || (known === undefined && http.unprocessed === true),
    hint:
      expected?.hint ??
      variant?.hint ??
      (known
        ? adviceOn(known, id, request)
        : (strayOf(outcome, layer) ?? byStatus(status)?.hint ?? http.hint)),
  };
}

/** The API answers a wrong ID with an error body. HEAD has none in any case. */
const STRAY =
  'No such path, rather than no such ID: the answer is not an error of the API. Check the path (collections are plural: /api/machines), the method, the host, and any proxy.';

/** The hint for a 404 that the API itself did not give. */
function strayOf({ status, request }: Outcome, layer: ErrorEnvelope | undefined): string | undefined {
  return status === 404 && layer === undefined && request.method !== 'HEAD' ? STRAY : undefined;
}

/** The code's hint, followed by the request's recognisable mistakes. */
function adviceOn({ code, hint }: DefenderErrorCode, id: string | undefined, request: RequestFacts): string {
  const names = CASE_CODES.has(code) && id !== undefined ? bodyNames.get(id) : undefined;
  const corrections = names ? caseCorrections(jsonBody(request), names) : [];
  return corrections.length > 0 ? `${hint} Here, ${corrections.join(', ')}.` : hint;
}

const waitOf = ({ message }: ErrorEnvelope) => waitInText(message);
const targetOf = ({ target }: ErrorEnvelope) => sanitizeId(target);

function first<T>(
  layers: readonly ErrorEnvelope[],
  read: (layer: ErrorEnvelope) => T | undefined,
): T | undefined {
  for (const layer of layers) {
    const value = read(layer);
    if (value !== undefined) return value;
  }
  return undefined;
}
