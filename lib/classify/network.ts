import { sanitizeId } from './correlation-id.ts';
import { TERMINAL_CODES, TRANSIENT_CODES, UNPROCESSED_CODES } from './network-codes.ts';
import { tunnelFault } from './tunnel.ts';

/** The reading of a fault: an attempt that ended without a complete response. */
export interface NetworkFault {
  readonly verdict: 'transient' | 'terminal';
  /** The fault's code, or its class when it has none. */
  readonly code: string | undefined;
  /** True if no part of the request can have reached the server's program. */
  readonly unprocessed: boolean;
  readonly hint?: string | undefined;
}

/** Maximum length of a chain of causes. */
const MAX_CAUSES = 8;

/** Maximum number of members read from an AggregateError: the addresses tried for one host. */
const MAX_MEMBERS = 16;

/**
 * Codes for error classes that say more than their own code. got 14 copies the cause's code even if the fault is the
 * program's, zlib's code for a truncated response, and the number 23 for `AbortSignal.timeout`.
 */
const CLASS_CODES: ReadonlyMap<unknown, string> = new Map([
  ['AbortError', 'ERR_ABORTED'],
  ['CancelError', 'ERR_CANCELED'],
  // undici's parser often names no code.
  ['HTTPParserError', 'HPE_INVALID_CONSTANT'],
  ['CacheError', 'ERR_CACHE_ACCESS'],
  ['ReadError', 'ERR_READING_RESPONSE_STREAM'],
  ['TimeoutError', 'ETIMEDOUT'],
  ['UploadError', 'ERR_UPLOAD'],
]);

/** Codes of zlib, brotli and zstd for data that is not theirs: another request would get the same. */
const CORRUPT = /^(?:Z_DATA_ERROR$|ERR__ERROR_FORMAT_|ZSTD_error_)/;
const GARBLED = 'The body is not compressed as its headers say.';

/** System calls and phases (got's `TimeoutError.event`) before the request is written. */
const BEFORE_SENDING: ReadonlySet<unknown> = new Set(['getaddrinfo', 'connect', 'lookup', 'secureConnect']);

/** Message of got's error, which has no code, when the server ended an HTTP/2 stream before its response. */
const ENDED_STREAM = 'The HTTP/2 stream has been early terminated';

/** Message of a refused stream: only here does Node.js reveal the reset's code. RFC 9113, 8.7: no processing has occurred. */
const REFUSED_STREAM = 'Stream closed with error code NGHTTP2_REFUSED_STREAM';

/**
 * Message of undici when a server ended its HTTP/2 session. undici 8 reports only requests that the server says it did
 * not process. Earlier versions also report a request that may have been processed: as UND_ERR_SOCKET with code 0, when
 * the server merely shuts down.
 */
const GOAWAY = /^HTTP\/2: "GOAWAY" frame received with code (\d+)/;

/**
 * Classifies any thrown value. The outermost recognised error decides. An unrecognised one (fetch's `TypeError: fetch
 * failed`, a user's wrapper) is skipped for its cause, or for the members of an AggregateError, e.g. when every address
 * of a host was tried. Never throws.
 */
export function readFault(error: unknown): NetworkFault {
  const chain = causesOf(error);
  // First, because fetch wraps a tunnel fault in its own abort, and clients wrap what corrupts a body in faults of reading.
  for (const link of chain) {
    const code = label(link, 'code');
    const tunnel = tunnelFault(code, peek(link, 'message'));
    if (tunnel) return { ...tunnel, code, unprocessed: true };
    if (CORRUPT.test(code ?? '')) return { verdict: 'terminal', code, unprocessed: false, hint: GARBLED };
  }
  for (const link of chain) {
    const fault = recognise(link) ?? fromMembers(link);
    if (fault?.verdict === 'terminal') return fault;
    if (fault) return { ...fault, unprocessed: fault.unprocessed || chain.some(noMemberSent) };
  }
  const code = firstLabel(chain, 'code') ?? firstLabel(chain, 'name');
  return { verdict: 'terminal', code, unprocessed: false };
}

/** Classifies one error by its own class and code, without its members. */
function recognise(error: object): NetworkFault | undefined {
  const code =
    label(error, 'code') ?? (peek(error, 'message') === ENDED_STREAM ? 'ERR_HTTP2_STREAM_ERROR' : undefined);
  const meant = CLASS_CODES.get(peek(error, 'name')) ?? (isAxiosTimeout(error) ? 'ETIMEDOUT' : (code ?? ''));
  // OpenSSL's own codes, which `node:https` wraps in an EPROTO.
  const final = TERMINAL_CODES.get(meant.startsWith('ERR_SSL_') ? 'EPROTO' : meant);
  if (final !== undefined)
    return { verdict: 'terminal', code: code ?? meant, unprocessed: false, hint: final };
  // Whatever the rule of the parser, the response was not HTTP; on a kept-alive connection, often the tail of an earlier one.
  const hint = TRANSIENT_CODES.get(meant.startsWith('HPE_') ? 'HPE_INVALID_CONSTANT' : meant);
  if (hint === undefined) return undefined;
  const unprocessed = UNPROCESSED_CODES.has(meant) || causesOf(error).some(isBeforeSending);
  return { verdict: 'transient', code: code ?? meant, unprocessed, hint };
}

/** axios gives a timeout the code of a broken connection, but only a broken connection has a cause. */
function isAxiosTimeout(error: object): boolean {
  return (
    peek(error, 'code') === 'ECONNABORTED' &&
    peek(error, 'isAxiosError') === true &&
    peek(error, 'cause') === undefined
  );
}

function isBeforeSending(error: object): boolean {
  return (
    BEFORE_SENDING.has(peek(error, 'syscall')) ||
    BEFORE_SENDING.has(peek(error, 'event')) ||
    peek(error, 'message') === REFUSED_STREAM ||
    isGoaway(error)
  );
}

function isGoaway(error: object): boolean {
  const code = GOAWAY.exec(String(peek(error, 'message')).slice(0, 100))?.[1];
  return code !== undefined && !(code === '0' && label(error, 'code') === 'UND_ERR_SOCKET');
}

/** An AggregateError is transient if any member is, and unprocessed only if all members are. */
function fromMembers(error: object): NetworkFault | undefined {
  const members = membersOf(error).map(recognise);
  const fault = members.find((member) => member?.verdict === 'transient') ?? members.find(Boolean);
  return fault && { ...fault, unprocessed: members.every((member) => member?.unprocessed) };
}

function noMemberSent(error: object): boolean {
  return fromMembers(error)?.unprocessed ?? false;
}

function membersOf(error: object): object[] {
  const errors = peek(error, 'errors');
  if (!isObject(errors)) return [];
  return Array.from({ length: MAX_MEMBERS }, (_, index) => peek(errors, index)).filter(isObject);
}

/** The error and its causes, outermost first; the maximum length also ends a cycle. */
function causesOf(error: unknown): object[] {
  const chain: object[] = [];
  for (let link = error; isObject(link) && chain.length < MAX_CAUSES; link = peek(link, 'cause')) {
    chain.push(link);
  }
  return chain;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Reads a property; `undefined` if a proxy or getter throws. */
function peek(object: object, key: string | number): unknown {
  try {
    return Reflect.get(object, key);
  } catch {
    return undefined;
  }
}

/** A text property; ignores the numeric codes of DOMException. */
function label(error: object, key: 'code' | 'name'): string | undefined {
  return sanitizeId(peek(error, key));
}

function firstLabel(chain: readonly object[], key: 'code' | 'name'): string | undefined {
  for (const error of chain) {
    const text = label(error, key);
    if (text !== undefined) return text;
  }
  return undefined;
}
