import { sanitizeId } from './correlation-id.ts';
import { TERMINAL_CODES, TRANSIENT_CODES, UNPROCESSED_CODES } from './network-codes.ts';
import { hintOf } from './network-hints.ts';
import { tunnelFault } from './tunnel.ts';

/** The reading of a fault: an attempt that ended without a complete response. */
export interface Fault {
  readonly verdict: 'transient' | 'terminal';
  /** The fault's code, or its class when it has none. */
  readonly code: string | undefined;
  /** True when nothing of the request can have reached the server's program. */
  readonly unprocessed: boolean;
  readonly hint?: string | undefined;
}

/** Most `cause`s followed, one behind the other. */
const DEPTH = 8;

/** Most members of an AggregateError that are read: addresses tried for one host. */
const MEMBERS = 16;

/**
 * Error classes that say more than their code: got 14 copies the cause's code even where the fault is the
 * program's own, zlib's for a response cut off, and the number 23 for `AbortSignal.timeout`.
 */
const CLASS_CODES: ReadonlyMap<unknown, string> = new Map([
  ['AbortError', 'ERR_ABORTED'],
  ['CancelError', 'ERR_CANCELED'],
  ['CacheError', 'ERR_CACHE_ACCESS'],
  ['ReadError', 'ERR_READING_RESPONSE_STREAM'],
  ['TimeoutError', 'ETIMEDOUT'],
  ['UploadError', 'ERR_UPLOAD'],
]);

/** System calls and phases (got's `TimeoutError.event`) before the request is written. */
const BEFORE_SENDING: ReadonlySet<unknown> = new Set(['getaddrinfo', 'connect', 'lookup', 'secureConnect']);

/** What the HTTP/2 of got says, with no code, where the server ended the stream before its response. */
const ENDED_STREAM = 'The HTTP/2 stream has been early terminated';

/** The only place where Node.js tells the code of a stream's reset. RFC 9113, 8.7: no processing has occurred. */
const REFUSED_STREAM = 'Stream closed with error code NGHTTP2_REFUSED_STREAM';

/**
 * What undici says where a server ended its HTTP/2 session. From 8 on, only of requests that the server says it did not
 * process; before, of a request that it may have processed, and then as UND_ERR_SOCKET with code 0, when the server
 * only shuts down.
 */
const GOAWAY = /^HTTP\/2: "GOAWAY" frame received with code (\d+)/;

/**
 * Reads a thrown value, whatever it is. The outermost error that says something decides; errors that say
 * nothing (fetch's `TypeError: fetch failed`, a wrapper of the user's) are looked through to their cause, or to
 * the members of an AggregateError, as when every address of a host was tried. Never throws.
 */
export function readFault(error: unknown): Fault {
  const chain = causesOf(error);
  // First of all: fetch wraps it in an abort of its own.
  for (const link of chain) {
    const code = label(link, 'code');
    const tunnel = tunnelFault(code, peek(link, 'message'));
    if (tunnel) return { ...tunnel, code, unprocessed: true };
  }
  for (const link of chain) {
    const fault = recognise(link) ?? fromMembers(link);
    if (fault?.verdict === 'terminal') return fault;
    if (fault) return { ...fault, unprocessed: fault.unprocessed || chain.some(noMemberSent) };
  }
  const code = firstLabel(chain, 'code') ?? firstLabel(chain, 'name');
  return { verdict: 'terminal', code, unprocessed: false };
}

/** One error by its own class and code, its members aside. */
function recognise(error: object): Fault | undefined {
  const code =
    label(error, 'code') ?? (peek(error, 'message') === ENDED_STREAM ? 'ERR_HTTP2_STREAM_ERROR' : undefined);
  const says = CLASS_CODES.get(peek(error, 'name')) ?? code ?? '';
  const hint = TERMINAL_CODES.get(says);
  if (hint !== undefined) return { verdict: 'terminal', code: code ?? says, unprocessed: false, hint };
  if (!TRANSIENT_CODES.has(says) && !UNPROCESSED_CODES.has(says)) return undefined;
  const unprocessed = UNPROCESSED_CODES.has(says) || causesOf(error).some(isBeforeSending);
  return { verdict: 'transient', code: code ?? says, unprocessed, hint: hintOf(says) };
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

/** An AggregateError is as curable as its most curable member, and as unsent as its least unsent. */
function fromMembers(error: object): Fault | undefined {
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
  return Array.from({ length: MEMBERS }, (_, index) => peek(errors, index)).filter(isObject);
}

/** The error and its causes, outermost first; a cycle ends where the depth does. */
function causesOf(error: unknown): object[] {
  const chain: object[] = [];
  for (let link = error; isObject(link) && chain.length < DEPTH; link = peek(link, 'cause')) chain.push(link);
  return chain;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Thrown values may be proxies, or have getters that throw. */
function peek(object: object, key: string | number): unknown {
  try {
    return Reflect.get(object, key);
  } catch {
    return undefined;
  }
}

/** A property that is text; the numeric codes of DOMException are not. */
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
