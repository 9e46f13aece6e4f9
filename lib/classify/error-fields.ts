/** Finds the objects of an error body, and their codes, messages and IDs. Untrusted text; bounded work for any body. */
import { sanitizeId } from './correlation-id.ts';
import { type Fields, isObject, parseJson, quotedIn } from './error-body.ts';
import { xmlFields } from './xml-fields.ts';

/** One object of an error body. */
export interface ErrorObject {
  /** Fields by name, without case, `-`, `_`, `.` and a prefix like `o:`: `request_id`, `RequestId` and `request-id` are one. */
  readonly fields: ReadonlyMap<string, unknown>;
  /**
   * `main`: its codes are the error's own. `inner`: they belong to an error inside it. `aside`: details that may have
   * waits and IDs, but whose codes name something else.
   */
  readonly place: 'main' | 'inner' | 'aside';
}

/** Maximum depth, and maximum numbers of objects, of elements of one array and of fields of one object that are read. */
const MAX_DEPTH = 7;
const MAX_OBJECTS = 32;
const MAX_ELEMENTS = 8;
const MAX_FIELDS = 64;
/** Maximum length of a field's name. */
const MAX_NAME = 40;

/** Fields whose object, or objects, are errors in their own right. */
const ERRORS: ReadonlySet<string> = new Set(['error', 'errors', 'fault', 'exception', 'extensions']);
const INNER: ReadonlySet<string> = new Set(['innererror', 'cause']);
/** Fields whose object, or objects, say more about the error. */
const ASIDE: ReadonlySet<string> = new Set(
  `details detail errordetails meta metadata parameters errordata data context info reason limit ratelimit ratelimits
  headers cost throttlestatus errorextra rate response status`.split(/\s+/),
);

/** The objects of an error body, the most telling first; empty if it is neither JSON nor XML, or cut off. */
export function errorObjects(body: string | undefined): ErrorObject[] {
  const found: ErrorObject[] = [];
  const json = parseJson(body);
  if (json !== undefined) visit(json, 'main', MAX_DEPTH, found);
  else if (typeof body === 'string') visit(xmlFields(body), 'main', 1, found);
  return found;
}

/** An object that wraps an error comes after that error, which says more; any other comes before what it holds. */
function visit(value: unknown, place: ErrorObject['place'], depth: number, found: ErrorObject[]): void {
  if (!isObject(value) || depth === 0 || found.length >= MAX_OBJECTS) return;
  if (Array.isArray(value)) {
    for (const element of value.slice(0, MAX_ELEMENTS)) visit(element, place, depth - 1, found);
    return;
  }
  const fields = fieldsOf(value);
  const below = (names: ReadonlySet<string>, to: ErrorObject['place']) => {
    for (const [name, field] of fields) if (names.has(name)) visit(field, to, depth - 1, found);
  };
  const whole = { fields, place };
  const wraps = isObject(fields.get('error')) || isObject(fields.get('fault'));
  if (!wraps) found.push(whole);
  below(ERRORS, place);
  if (wraps) found.push(whole);
  below(INNER, place === 'main' ? 'inner' : place);
  const message = fields.get('message');
  if (typeof message === 'string') visit(quotedIn(message), 'inner', depth - 1, found);
  below(ASIDE, 'aside');
}

function fieldsOf(object: Fields): Map<string, unknown> {
  const fields = new Map<string, unknown>();
  let read = 0;
  for (const name of Object.keys(object)) {
    if (++read > MAX_FIELDS) break;
    const key = name.length > MAX_NAME ? undefined : name.toLowerCase().replace(/^\w:|[-_.@]/g, '');
    if (key !== undefined && !fields.has(key)) fields.set(key, object[name]);
  }
  return fields;
}

/** Fields that hold a code, the most telling first. */
const CODES =
  `code errorcode errcode ecode exceptioncode errortype type status error reason tag typekey serviceerrorcode
  responsecode retcode errorsummary category name id`.split(/\s+/);

/** Values that name no error. */
const VAGUE: ReadonlySet<string> = new Set(
  'error errors error.list list fail failed failure false true null undefined none about:blank sender receiver client server user service'.split(
    ' ',
  ),
);

/** Maximum length of a code. */
const MAX_WORD = 200;
const WORD = /^[\w:.#/~|$-]+$/;
const NUMERIC = /^-?\d{1,12}$/;
/** A message that is a code rather than a sentence, as Bitly's and Deribit's. https://dev.bitly.com/docs/getting-started/error-codes */
const SPOKEN = /^(?:[A-Z]+_[A-Z_]+|[a-z]+(?:_[a-z]+)+)$/;
/** Fields of details that hold the error's code if the error itself has none: Apigee's `fault.detail.errorcode`. */
const DETAILED = ['code', 'errorcode', 'errortype', 'status'];
/** Marks of a URI whose last segment is a problem type (RFC 9457), rather than a page of documentation. */
const PROBLEM = /\/(?:errors?|problems?)\/|#/;

/** Codes of an error. */
export interface Codes {
  /** Words and then numbers, as the API gives them, the most telling first. */
  readonly own: readonly string[];
  /** Codes of errors inside it. */
  readonly inner: readonly string[];
  /** The body is one of Meta's, whose codes are numbers. */
  readonly meta: boolean;
}

/** The codes of an error: words before numbers. */
export function codesOf(objects: readonly ErrorObject[]): Codes {
  const words: string[] = [];
  const numbers: string[] = [];
  const inner: string[] = [];
  const detailed: string[] = [];
  const meta = objects.some(({ fields }) => fields.has('fbtraceid'));
  for (const { fields, place } of objects) {
    const names = place === 'aside' ? DETAILED : CODES;
    for (const name of names) {
      const code = codeIn(name, fields.get(name));
      if (code === undefined) continue;
      if (place === 'inner') inner.push(code);
      else if (place === 'main') (NUMERIC.test(code) ? numbers : words).push(code);
      else if (!NUMERIC.test(code)) detailed.push(code);
    }
    const message = place === 'main' ? fields.get('message') : undefined;
    if (typeof message === 'string' && message.length <= MAX_WORD && SPOKEN.test(message))
      words.push(message);
  }
  const own = meta ? [...numbers, ...words] : [...words, ...numbers];
  return { own: own.length > 0 || inner.length > 0 ? own : detailed, inner, meta };
}

function codeIn(name: string, value: unknown): string | undefined {
  // A number in `status` repeats the response's status; 0 means no error.
  if (typeof value === 'number') {
    return name !== 'status' && Number.isInteger(value) && value !== 0 ? String(value) : undefined;
  }
  if (typeof value !== 'string' || value === '') return undefined;
  const code = wordOf(value);
  if (code === undefined || code === '0' || (name === 'status' && NUMERIC.test(code))) return undefined;
  if (name === 'id') return SPOKEN.test(code) ? code : undefined;
  if (name === 'name') return SPOKEN.test(code) || /^[A-Z][A-Za-z_]+$/.test(code) ? code : undefined;
  return code;
}

/** Strips what surrounds a code: `com.amazonaws.dynamodb#Code`, `Code:http://…`, `https://…/problems/code`. */
export function wordOf(value: string): string | undefined {
  const text = value.length > MAX_WORD ? undefined : sanitizeId(value);
  if (text === undefined) return undefined;
  const word = text.includes('://') ? ofUri(text) : text.slice(text.lastIndexOf('#') + 1);
  if (word === undefined || !WORD.test(word) || VAGUE.has(word.toLowerCase())) return undefined;
  // Dropbox's summary: too_many_requests/...
  return word.replace(/\/\.*$/, '') || undefined;
}

function ofUri(text: string): string | undefined {
  const before = text.lastIndexOf(':', text.indexOf('://') - 1);
  if (before > 0) return text.slice(0, before);
  if (!PROBLEM.test(text)) return undefined;
  const path = text.endsWith('/') ? text.slice(0, -1) : text;
  const last = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('#')) + 1);
  // A section of a page: ASP.NET's `rfc9110#section-15.6.1`, NetSuite's `rfc2616-sec10.html#sec10.4`.
  return /^sec(?:tion)?-?[\d.]+$/.test(last) ? undefined : last;
}

const MESSAGES = `message errormessage errordescription description detail details errorsummary msg title text
  faultstring error errors errormessages errormsg retmsg statusmessage reason result`.split(/\s+/);
const MAX_MESSAGES = 8;

/** The sentences in an error's message fields. */
export function messagesOf(objects: readonly ErrorObject[]): string[] {
  const found: string[] = [];
  const keep = (value: unknown): void => {
    if (typeof value === 'string' && value.includes(' ') && found.length < MAX_MESSAGES) found.push(value);
  };
  for (const { fields } of objects) {
    for (const name of MESSAGES) {
      const value = fields.get(name);
      if (Array.isArray(value)) for (const each of value.slice(0, MAX_ELEMENTS)) keep(each);
      else keep(value);
    }
  }
  return found;
}

/** Fields that hold the ID of a request, the most telling first. */
const IDS =
  `requestid xrequestid correlationid activityid operationid traceid fbtraceid debugid errorid incidentid
  supportid refid logid trackingid`.split(/\s+/);
/**
 * Fields that hold an ID only if they look like a UUID or a long hexadecimal number: an error's `id` in JSON:API, the
 * `instance` of RFC 9457, IBM Cloud's `trace`. Otherwise they are names, paths or stack traces.
 */
const OPAQUE_IDS = ['id', 'instance', 'trace'];
const OPAQUE = /^(?:urn:uuid:)?[0-9a-f-]+$/i;
const MIN_OPAQUE = 16;

/** The ID that an error's body gives the request; untrusted. Never `target`, which often names a field. */
export function bodyId(objects: readonly ErrorObject[]): string | undefined {
  for (const name of IDS) {
    for (const { fields } of objects) {
      const value = fields.get(name);
      if (typeof value === 'string' && /\S/.test(value.slice(0, 100))) return value;
    }
  }
  for (const { fields, place } of objects) {
    if (place === 'aside') continue;
    for (const name of OPAQUE_IDS) {
      const value = fields.get(name);
      if (typeof value === 'string' && value.length >= MIN_OPAQUE && OPAQUE.test(value)) return value;
    }
  }
  return undefined;
}
