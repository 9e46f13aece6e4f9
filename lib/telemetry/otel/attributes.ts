/** Attributes by OpenTelemetry's stable HTTP conventions (semantic conventions 1.44), and Headgate's own. */
import type { Attributes } from '@opentelemetry/api';
import type { AttemptEnd, AttemptEvent, CallEnd, CallEvent } from '../../public.ts';

/** The methods that `http.request.method` may name (RFC 9110, RFC 5789, and QUERY). */
const METHODS: ReadonlySet<string> = new Set([
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'QUERY',
  'TRACE',
]);

const OTHER = '_OTHER';

/** Attribute of the ID that the server gave an attempt. */
export const CORRELATION_ID = 'headgate.correlation_id';

/** Name of a CLIENT span; without the path, because the number of paths is unbounded. */
export function spanName(method: string): string {
  return METHODS.has(method) ? method : 'HTTP';
}

function methodOf(method: string): Attributes {
  if (METHODS.has(method)) return { 'http.request.method': method };
  return { 'http.request.method': OTHER, 'http.request.method_original': method };
}

/** Attributes of all spans of a call. */
export function commonOf({ gate, call, quota, method, url }: CallEvent): Attributes {
  return {
    ...methodOf(method),
    'url.full': url,
    'headgate.gate': gate,
    'headgate.quota': quota,
    'headgate.call': call,
  };
}

/** Attributes of an attempt that HTTP clients do not report. */
export function ownOf({ gate, call, quota, resends, waitedMs }: AttemptEvent): Attributes {
  return {
    ...(resends > 0 && { 'http.request.resend_count': resends }),
    'headgate.gate': gate,
    'headgate.quota': quota,
    'headgate.call': call,
    'headgate.waited': waitedMs / 1000,
  };
}

/** Attributes of an attempt that is about to be sent. */
export function sendingOf(attempt: AttemptEvent): Attributes {
  return { ...commonOf(attempt), ...serverOf(attempt), ...ownOf(attempt) };
}

function serverOf({ address, port }: AttemptEvent): Attributes {
  return { 'server.address': address, ...(port > 0 && { 'server.port': port }) };
}

/** Attributes of an ended attempt, for its span and its metric. */
export function endedOf(end: AttemptEnd): Attributes {
  const error = errorOf(end);
  return {
    ...(end.status !== undefined && { 'http.response.status_code': end.status }),
    ...(end.protocol !== undefined && { 'network.protocol.version': end.protocol.replace(/\.0$/, '') }),
    ...(error !== undefined && { 'error.type': error }),
  };
}

/** Attributes of `http.client.request.duration`. */
export function metricOf(attempt: AttemptEvent, end: AttemptEnd): Attributes {
  const method = METHODS.has(attempt.method) ? attempt.method : OTHER;
  return { 'http.request.method': method, ...serverOf(attempt), ...endedOf(end) };
}

/** `error.type` of an attempt: its status or its fault. A cancellation by the user is not an error. */
export function errorOf({ verdict, status, code, reason }: AttemptEnd): string | undefined {
  if (verdict === 'success' || reason === 'aborted') return undefined;
  if (status !== undefined && status >= 400) return String(status);
  if (reason === 'deadline') return 'ERR_HEADGATE_DEADLINE';
  return faultOf(code);
}

/** `error.type` of a failed call. */
export function callErrorOf({ status, code, reason }: CallEnd): string | undefined {
  if (reason === undefined || reason === 'aborted') return undefined;
  if (code?.startsWith('ERR_HEADGATE_')) return code;
  if (status !== undefined && status >= 400) return String(status);
  return faultOf(code);
}

/** Maximum length of a fault's code, in characters. */
const MAX_CODE = 60;

/** A fault's code, e.g. `ECONNRESET`; anything else could have an unbounded number of values. */
function faultOf(code: string | undefined): string {
  return code !== undefined && code.length <= MAX_CODE && /^[A-Z][A-Z0-9_]+$/.test(code) ? code : OTHER;
}
