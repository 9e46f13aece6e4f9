import { sanitizeId } from '../../classify/correlation-id.ts';
import { type ErrorEnvelope, layersOf, readErrorEnvelope } from '../../classify/error-body.ts';
import { waitInHeaders } from '../../classify/http.ts';
import { pageOf } from '../../classify/pages.ts';
import { parseDuration } from '../../time/duration.ts';
import type { Classification, Outcome } from '../../words/types.ts';
import { Codes } from './codes.ts';
import type { ProfileDefinition } from './definition.ts';
import { Json } from './json.ts';
import { listOf } from './requests.ts';
import type { PathForm } from './routes.ts';
import { bodyWait } from './waits.ts';

/** A parsed body. */
interface Body {
  readonly json: Json;
  /** The error and those that it wraps, outermost first. */
  readonly layers: readonly ErrorEnvelope[];
  readonly code: string | undefined;
  /** Message of the error that has the code. */
  readonly message: string | undefined;
}

/** Reads answers by a definition's tables, on top of what HTTP says. */
export class ProfileReading {
  readonly #definition: ProfileDefinition;
  readonly #codes: Codes;
  readonly #http: (outcome: Outcome) => Classification;

  constructor(definition: ProfileDefinition, form: PathForm, http: (outcome: Outcome) => Classification) {
    this.#definition = definition;
    this.#codes = new Codes(definition.codes ?? [], form);
    this.#http = http;
  }

  read(outcome: Outcome): Classification {
    const http = this.#http(outcome);
    const { status } = outcome;
    if (status === undefined) return http;
    // A truncated body is not evidence of an error.
    if (status < 400 && (!this.#codes.ofSuccess || outcome.error !== undefined)) return http;
    const body = this.#bodyOf(outcome, http);
    if (status < 400 && !this.#codes.isErrorOfSuccess(body.code)) return http;
    return this.#readError(outcome, status, body, http);
  }

  #readError(outcome: Outcome, status: number, body: Body, http: Classification): Classification {
    const { code, message, layers } = body;
    const bare = layers.length === 0 && code === undefined;
    const known = this.#codes.find({ outcome, code, message, bare });
    const verdict = known?.verdict ?? http.verdict;
    const coded = this.#codes.knows(code);
    const general = coded ? undefined : this.#codes.adviceFor(status, verdict);
    return {
      verdict,
      status,
      code: sanitizeId(code),
      correlationId: this.#idOf(outcome, body) ?? http.correlationId,
      ...this.#waitOf(outcome, body, verdict, http, known?.wait),
      unprocessed: known?.unprocessed ?? (verdict === 'throttled' || (!coded && http.unprocessed === true)),
      ...named('quota', known?.quota ?? http.quota),
      ...named('unit', known?.unit ?? http.unit),
      hint: (bare ? pageHint(outcome) : undefined) ?? known?.advice ?? general ?? http.hint,
    };
  }

  #bodyOf(outcome: Outcome, http: Classification): Body {
    const { code: paths = [], message: texts = [] } = this.#definition.error ?? {};
    const json = new Json(outcome.body);
    const layers = [...layersOf(readErrorEnvelope(outcome.body))];
    const named = paths.map((path) => codeAt(path, json, outcome)).filter((code) => code !== undefined);
    // The innermost code that the table knows is the most precise.
    const layer =
      layers.findLast(({ code }) => this.#codes.knows(code)) ?? layers.find(({ code }) => code !== undefined);
    const code = named.find((each) => this.#codes.knows(each)) ?? named[0] ?? layer?.code ?? http.code;
    const message = json.text(texts) ?? layer?.message ?? layers.find(({ message }) => message)?.message;
    return { json, layers, code, message };
  }

  #waitOf(
    outcome: Outcome,
    { json, layers, message }: Body,
    verdict: Classification['verdict'],
    http: Classification,
    fallback: ProfileWait,
  ): Pick<Classification, 'retryAfterMs' | 'retryAfterSource'> {
    const throttled = verdict === 'throttled';
    if (!throttled && verdict !== 'transient')
      return { retryAfterMs: undefined, retryAfterSource: undefined };
    // A profile that defines `waits` rules out waits found elsewhere in a body.
    const guessed = http.retryAfterSource === 'message' && this.#definition.waits !== undefined;
    // To HTTP, a 503's `Retry-After: 0` is a wait; once a code makes the answer a refusal, it is none.
    const voided = throttled && http.retryAfterMs === 0;
    if (http.retryAfterMs !== undefined && !guessed && !voided) {
      return { retryAfterMs: http.retryAfterMs, retryAfterSource: http.retryAfterSource };
    }
    const { headers, receivedAt } = outcome;
    const inHeader = headers && waitInHeaders(verdict, headers, receivedAt).retryAfterMs;
    if (inHeader !== undefined) return { retryAfterMs: inHeader, retryAfterSource: 'header' };
    const messages = [message, ...layers.map((layer) => layer.message)];
    const inBody = throttled ? bodyWait(this.#definition.waits ?? [], json, messages, receivedAt) : undefined;
    if (inBody !== undefined) return { retryAfterMs: inBody, retryAfterSource: 'message' };
    return {
      retryAfterMs: fallback === undefined ? undefined : parseDuration(fallback),
      retryAfterSource: undefined,
    };
  }

  #idOf({ headers }: Outcome, { json, layers }: Body): string | undefined {
    for (const place of this.#definition.correlation ?? []) {
      const name = place.slice(place.indexOf(':') + 1);
      const candidates =
        place === 'target'
          ? layers.map(({ target }) => target)
          : place.startsWith('header:')
            ? listOf(headers?.[name.toLowerCase()]).slice(0, 1)
            : [json.text([name])];
      const id = candidates.map((candidate) => sanitizeId(candidate)).find((each) => each !== undefined);
      if (id !== undefined) return id;
    }
    return undefined;
  }
}

function named(field: 'quota' | 'unit', value: string | undefined): Pick<Classification, 'quota' | 'unit'> {
  return value === undefined ? {} : { [field]: value };
}

/** Strips what surrounds a code: `com.amazonaws.dynamodb.v20120810#Code`, `Code:http://…`. */
function codeAt(place: string, json: Json, { headers }: Outcome): string | undefined {
  const header = place.startsWith('header:')
    ? headers?.[place.slice('header:'.length).toLowerCase()]
    : undefined;
  const text = place.startsWith('header:') ? listOf(header)[0] : json.text([place]);
  return (
    text
      ?.slice(text.indexOf('#') + 1)
      .replace(/:.*$/s, '')
      .trim() || undefined
  );
}

/** The hint for a page by a known proxy or firewall, to which the API's own advice does not apply. */
function pageHint({ status = 0, headers = {}, body }: Outcome): string | undefined {
  const page = pageOf(status, headers, body);
  return page?.named ? page.hint : undefined;
}

type ProfileWait = number | string | undefined;
