import { BODY_LIMIT } from '../words/types.ts';

/** The fields of an error body in a known shape. Untrusted text. */
export interface ErrorEnvelope {
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly target?: string | undefined;
  /** The error that this one wraps: OData's `innererror`, or one quoted whole in the message. */
  readonly inner?: ErrorEnvelope | undefined;
}

/** Maximum depth of nested errors that are read. */
const MAX_DEPTH = 4;

/** Fields of an object in a body. Untrusted. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads the envelopes in common use: `{"error":{"code","message","target"}}` (OData, Microsoft, Google, OpenAI),
 * the same without the outer object, names in PascalCase, and OAuth's `{"error","error_description"}`.
 *
 * Tolerant: any field may be missing or have the wrong type, and a code may be a number. Returns `undefined` for a body
 * that is empty, truncated or not JSON. Never throws.
 */
export function readErrorEnvelope(body: string | undefined): ErrorEnvelope | undefined {
  const root = parseObject(body);
  if (root === undefined) return undefined;
  const error = root.error ?? root.Error ?? undefined;
  if (isObject(error)) return envelope(error, MAX_DEPTH);
  return envelope(error === undefined ? root : { code: error, message: root.error_description }, MAX_DEPTH);
}

/** The envelope and its inner envelopes, outermost first. */
export function* layersOf(outer: ErrorEnvelope | undefined): Generator<ErrorEnvelope, void, void> {
  for (let layer = outer; layer !== undefined; layer = layer.inner) yield layer;
}

function envelope(fields: Fields, depth: number): ErrorEnvelope | undefined {
  const message = text(fields.message ?? fields.Message);
  const read: ErrorEnvelope = {
    code: code(fields.code ?? fields.Code),
    message,
    target: text(fields.target ?? fields.Target),
    inner: depth > 1 ? innerOf(fields, message, depth - 1) : undefined,
  };
  return Object.values(read).some((value) => value !== undefined) ? read : undefined;
}

function innerOf(fields: Fields, message: string | undefined, depth: number): ErrorEnvelope | undefined {
  const nested = fields.innererror ?? fields.innerError;
  if (isObject(nested)) return envelope(nested, depth);
  const quoted = quotedIn(message);
  return isObject(quoted) ? envelope(quoted, depth) : undefined;
}

/** Microsoft Graph quotes the response of the service behind it as text: `… statusCode=429 : {"error":{…}}`. */
export function quotedIn(message: string | undefined): unknown {
  const start = message?.indexOf('{"error"') ?? -1;
  if (message === undefined || start < 0) return undefined;
  return parseObject(message.slice(start, message.lastIndexOf('}') + 1))?.error;
}

function parseObject(json: string | undefined): Fields | undefined {
  const value = parseJson(json);
  return isObject(value) && !Array.isArray(value) ? value : undefined;
}

/**
 * The value of a body that is a JSON object or array; `undefined` for any other body. Reads at most {@link BODY_LIMIT}
 * characters, so a longer body counts as truncated. `JSON.parse` is linear and neither recursive nor misled by
 * `__proto__`, which becomes a property like any other.
 */
export function parseJson(json: string | undefined): unknown {
  if (typeof json !== 'string') return undefined;
  const bounded = json.slice(0, BODY_LIMIT).replace(/^\uFEFF/, '');
  // Skips the parser for HTML pages.
  if (!/^\s*[{[]/.test(bounded)) return undefined;
  try {
    return JSON.parse(bounded);
  } catch {
    return undefined;
  }
}

/** True for an object or array of a parsed body. */
export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function code(value: unknown): string | undefined {
  return typeof value === 'number' ? String(value) : text(value);
}
