import type { Classification, Profile, RequestFacts } from '../words/types.ts';

/** An answer whose reading is checked. */
export interface Answer {
  /** Method and URL, e.g. `POST https://api.example.com/items`. Default: `GET` of a host that no profile knows. */
  readonly request?: string | undefined;
  /** Body of the request. */
  readonly requestBody?: string | undefined;
  /** HTTP status. */
  readonly status: number;
  /** Headers, in any case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Text, or an object that is sent as JSON. */
  readonly body?: string | object | undefined;
  /** Wall-clock moment of arrival: Unix ms. Default: the answer's `Date` header, or else now. */
  readonly receivedAt?: number | undefined;
}

/** Expected fields of a reading; `undefined` or `null`: the field must be absent. */
export type ExpectedReading = Readonly<
  Partial<{ [Field in keyof Classification]: Classification[Field] | null }>
>;

/** Text of an answer's body. */
export function bodyText(body: Answer['body']): string {
  return typeof body === 'object' ? JSON.stringify(body) : (body ?? '');
}

/** Splits `POST https://api.example.com/items`. */
export function requestOf({ request = 'GET https://unknown.invalid/', requestBody }: Answer): RequestFacts {
  const space = request.indexOf(' ');
  const url = request.slice(space + 1);
  if (space < 1 || !URL.canParse(url)) {
    throw new TypeError(
      `Expected a method and a URL, such as 'GET https://api.example.com/items', got '${request}'`,
    );
  }
  return { method: request.slice(0, space).toUpperCase(), url: new URL(url), body: () => requestBody };
}

/**
 * Reads an answer with a profile, and throws an `Error` that names each field of the reading that is not as expected.
 * Fields that `expected` does not name are not compared.
 *
 * @returns the whole reading
 * @example
 * expectReading(
 *   defender(),
 *   { request: 'GET https://api.security.microsoft.com/api/alerts', status: 429, headers: { 'retry-after': '20' } },
 *   { verdict: 'throttled', retryAfterMs: 20_000 },
 * );
 */
export function expectReading(profile: Profile, answer: Answer, expected: ExpectedReading): Classification {
  const headers = Object.fromEntries(
    Object.entries(answer.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const dated = Date.parse(headers.date ?? '');
  const read = profile.classify({
    request: requestOf(answer),
    status: answer.status,
    headers,
    body: answer.body === undefined ? undefined : bodyText(answer.body),
    receivedAt: answer.receivedAt ?? (Number.isNaN(dated) ? Date.now() : dated),
  });
  compare(read, expected, profile.name);
  return read;
}

/** Throws unless the reading is as expected. */
export function compare(read: Classification, expected: ExpectedReading, what: string): void {
  const actual = read as unknown as Readonly<Record<string, unknown>>;
  const wrong = Object.entries(expected).filter(
    ([field, value]) => !Object.is(actual[field] ?? undefined, value ?? undefined),
  );
  if (wrong.length === 0) return;
  const lines = wrong.map(
    ([field, value]) => `${field}: expected ${shown(value)}, read ${shown(actual[field])}`,
  );
  throw Object.assign(new Error(`${what}: the answer was not read as expected\n  ${lines.join('\n  ')}`), {
    expected: Object.fromEntries(wrong),
    actual: Object.fromEntries(wrong.map(([field]) => [field, actual[field]])),
  });
}

function shown(value: unknown): string {
  return value === undefined || value === null ? 'nothing' : JSON.stringify(value);
}
