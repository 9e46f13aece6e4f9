import type { RequestFacts } from '../words/types.ts';

/** RFC 9110, 5.6.2 and 5.5. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Signed headers as a record, names in lower case. Throws `TypeError`, whose message shows no value. */
export function signedRecord(given: unknown): Record<string, string> {
  const signed: Record<string, string> = {};
  if (given === undefined || given === null) return signed;
  if (typeof given !== 'object') throw new TypeError("Option 'sign': expected it to return headers");
  const pairs = Symbol.iterator in given ? (given as Iterable<[string, unknown]>) : Object.entries(given);
  for (const [name, value] of pairs) {
    if (value === undefined) continue;
    if (typeof name !== 'string' || !NAME.test(name)) {
      throw new TypeError("Option 'sign': expected header names, in a record or in pairs");
    }
    const text = typeof value === 'number' ? String(value) : value;
    if (typeof text !== 'string' || !VALUE.test(text)) {
      throw new TypeError(`Option 'sign': expected a valid header value for '${name}'`);
    }
    signed[name.toLowerCase()] = text;
  }
  return signed;
}

/** The request to sign, including the gate's token. */
export function signable(request: RequestFacts, headers: RequestFacts['headers']): RequestFacts {
  return {
    method: request.method,
    url: request.url,
    headers: { ...request.headers, ...headers },
    body: () => request.body?.(),
    unreadable: request.unreadable,
  };
}
