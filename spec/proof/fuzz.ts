/** Texts of every kind against the pure readers: none throws, none gives what its caller cannot use, none is slow. */
import { correlationIdOf } from '../../lib/classify/correlation-id.ts';
import { readErrorEnvelope } from '../../lib/classify/error-body.ts';
import { classifyHttp } from '../../lib/classify/http.ts';
import { parseHttpDate } from '../../lib/classify/http-date.ts';
import { readFault } from '../../lib/classify/network.ts';
import { rateLimits } from '../../lib/classify/rate-limit.ts';
import { retryAfterMs } from '../../lib/classify/retry-after.ts';
import { safeUrl } from '../../lib/events/safe-url.ts';
import { Json } from '../../lib/profiles/define/json.ts';
import { bodyWait } from '../../lib/profiles/define/waits.ts';
import { defender } from '../../lib/profiles/index.ts';
import { parseDuration } from '../../lib/time/duration.ts';
import { pathTemplate } from '../../lib/words/path-template.ts';
import { reportOf } from '../../lib/words/report-of.ts';
import type { Outcome } from '../../lib/words/types.ts';

/** Maximum time that one input may take, in ms: a hundred times what the longest takes, but no loop's. */
const LONGEST_MS = 500;

const DEFENDER = defender({ hosts: ['host', 'api.example.com'] });
const NOW = Date.UTC(2026, 0, 1);
const SECRET = 'hunter2s3cr3t';

/** What the texts are put together from: bits of what servers send, and what no server should. */
const PIECES: readonly string[] = [
  ...'0 1 9 5 -1 -0 1.5 1e9 1e400 NaN Infinity 0x10 2147483648 9007199254740993 1767225600'.split(' '),
  ...'; , = : / // ? & # % %2 %2F %00 %C3%28 " \' \\ ( ) [ ] { } * ** < > | + @ ~ _ . ..'.split(' '),
  ...'s ms m h d w= r= t= q= limit remaining reset quota policy seconds minutes day retry after wait'.split(
    ' ',
  ),
  ...'http https ftp javascript: data: host api.example.com localhost [::1] 127.0.0.1 user:pass@'.split(' '),
  ...'token key sig password access_token code secret id page filter $filter= api items {id} {a}-{b}'.split(
    ' ',
  ),
  ...'Wed Thu Jan Feb 21 2015 07:28:00 GMT UTC +0100 Z T 2026-01-01T00:00:00Z'.split(' '),
  ...'{"error":{ "code": "message": "innererror": null true [ ] } } "TooManyRequests" "request-id"'.split(
    ' ',
  ),
  ...'ECONNRESET UND_ERR_SOCKET ERR_HTTP2_GOAWAY_SESSION AbortError Proxy response (503) !== 200'.split(' '),
  ' ',
  '\t',
  '\n',
  '\0',
  '\u00a0',
  '\ud800',
  '🙂',
  'ä',
  '\u202e',
];

/** mulberry32 (T. Ettinger, 2017): the same inputs for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Where inputs come from. */
class Source {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = randomOf(seed);
  }

  below(most: number): number {
    return Math.floor(this.#random() * most);
  }

  one<T>(of: readonly T[]): T {
    return of[this.below(of.length)] as T;
  }

  /** Mostly short; now and then as long as a server may make it. */
  text(): string {
    const count = this.below(200) === 0 ? this.below(3000) : this.below(12);
    let text = '';
    for (let n = 0; n < count; n += 1) text += this.one(PIECES);
    return text;
  }

  /** Anything that can be thrown, or stand where a text should. */
  value(depth = 0): unknown {
    switch (this.below(depth > 3 ? 6 : 10)) {
      case 0:
        return undefined;
      case 1:
        return null;
      case 2:
        return this.one([0, -1, Number.NaN, Infinity, 2 ** 53, 1.5, 23]);
      case 3:
        return this.below(2) === 0;
      case 6:
        return Array.from({ length: this.below(4) }, () => this.value(depth + 1));
      case 7:
        return { [this.text()]: this.value(depth + 1), code: this.value(depth + 1) };
      case 8:
      case 9:
        return this.error(depth);
      default:
        return this.text();
    }
  }

  error(depth = 0): unknown {
    const error = new Error(this.text(), this.below(2) ? { cause: this.value(depth + 1) } : {});
    for (const key of ['code', 'name', 'syscall', 'event', 'errors', 'statusCode', 'response', 'headers']) {
      if (this.below(4) === 0) Object.assign(error, { [key]: this.value(depth + 1) });
    }
    if (this.below(20) === 0) Object.assign(error, { cause: error });
    if (this.below(20) === 0)
      return Object.defineProperty(error, 'code', {
        get() {
          throw new Error('getter');
        },
      });
    return error;
  }

  headers(): Record<string, string | string[]> {
    const headers: Record<string, string | string[]> = {};
    for (let n = this.below(5); n > 0; n -= 1) {
      headers[this.one(NAMES)] = this.below(8) === 0 ? [this.text(), this.text()] : this.text();
    }
    return headers;
  }

  url(): URL {
    const hidden = this.one([
      `token=${SECRET}`,
      `x%5Fpassword=${SECRET}`,
      `q={"password":"${SECRET}"}`,
      `next=${encodeURIComponent(`http://x/?sig=${SECRET}`)}`,
      `a=http://u:${SECRET}@x/`,
    ]);
    const text = `http://${SECRET}:${SECRET}@h/${this.text()}?${hidden}&${this.text()}#${SECRET}`;
    return URL.canParse(text) ? new URL(text) : new URL(`http://u:${SECRET}@h/?sig=${SECRET}`);
  }

  outcome(): Outcome {
    return {
      request: { method: this.one(['GET', 'POST', 'X']), url: this.url(), body: () => this.text() },
      status: this.one([undefined, 0, 99, 200, 204, 302, 401, 403, 408, 413, 429, 500, 503, 529, 999]),
      headers: this.headers(),
      body: this.below(2) ? this.text() : undefined,
      error: this.below(2) ? this.value() : undefined,
      receivedAt: NOW,
    };
  }
}

const NAMES: readonly string[] = [
  'retry-after',
  'retry-after-ms',
  'x-ms-retry-after-ms',
  'x-retry-after',
  'date',
  'age',
  'ratelimit',
  'ratelimit-policy',
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'x-ratelimit-limit-requests',
  'x-ratelimit-remaining-tokens',
  'x-ratelimit-reset-requests',
  'x-rate-limit-reset',
  'request-id',
  'x-request-id',
  'client-request-id',
  'traceparent',
  'cf-ray',
];

const VERDICTS: ReadonlySet<string> = new Set([
  'success',
  'throttled',
  'transient',
  'unauthorized',
  'terminal',
]);

/** Absent, or a number that a schedule can hold. */
function isWait(ms: unknown): boolean {
  return ms === undefined || (typeof ms === 'number' && ms >= 0 && ms < Infinity);
}

function isText(text: unknown): boolean {
  return text === undefined || typeof text === 'string';
}

/** Says what is wrong with what a reader gave, if anything. */
type Reader = (source: Source) => string | undefined;

function read({ verdict, retryAfterMs: wait, code, correlationId, hint }: ReturnType<typeof classifyHttp>) {
  if (!VERDICTS.has(verdict)) return `no verdict: ${verdict}`;
  if (!isWait(wait)) return `no wait: ${wait}`;
  if (![code, correlationId, hint].every(isText)) return 'no text';
  return undefined;
}

/** Parts of a path's template, and what they mean. Two `*` in a row would be one of another meaning. */
const PARTS: readonly (readonly [string, string])[] = [
  ['a', 'a'],
  ['b', 'b'],
  ['/', '/'],
  ['-', '-'],
  ['{id}', '[^/]+'],
  ['*/', '[^/]*/'],
  ['**/', '.*/'],
  ['**b', '.*b'],
];

const readers: Readonly<Record<string, Reader>> = {
  classifyHttp: (source) => read(classifyHttp(source.outcome())),
  defender: (source) => read(DEFENDER.classify(source.outcome())),
  readFault: (source) => {
    const { verdict, unprocessed, code } = readFault(source.value());
    if (verdict !== 'transient' && verdict !== 'terminal') return `no verdict: ${verdict}`;
    return typeof unprocessed === 'boolean' && isText(code) ? undefined : 'no fault';
  },
  retryAfterMs: (source) => (isWait(retryAfterMs(source.headers(), NOW)) ? undefined : 'no wait'),
  rateLimits: (source) => {
    for (const { limit, remaining, resetMs, windowMs } of rateLimits(source.headers(), NOW)) {
      if (![limit, remaining, resetMs, windowMs].every(isWait)) return 'no finite number of 0 or more';
    }
    return undefined;
  },
  correlationIdOf: (source) => {
    const id = correlationIdOf(source.headers());
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not pass
    return id === undefined || (id.length <= 256 && !/[\0-\x1f\x7f]/.test(id)) ? undefined : 'not sanitised';
  },
  parseHttpDate: (source) => {
    const at = parseHttpDate(source.text(), NOW);
    return at === undefined || Number.isFinite(at) ? undefined : 'no moment';
  },
  readErrorEnvelope: (source) => {
    readErrorEnvelope(source.below(10) === 0 ? undefined : source.text());
    return undefined;
  },
  bodyWait: (source) =>
    isWait(bodyWait(DEFENDER.definition.waits ?? [], new Json(source.text()), [source.text()], NOW))
      ? undefined
      : 'no wait',
  parseDuration: (source) => {
    const given = source.below(2) ? source.text() : (source.value() as string);
    const ms = parseDuration(given);
    return ms === undefined || (typeof ms === 'number' && ms >= 0) ? undefined : `no duration: ${ms}`;
  },
  safeUrl: (source) => {
    const shown = safeUrl(source.url());
    return shown.includes(SECRET) ? `a secret is shown: ${shown}` : undefined;
  },
  pathTemplate: (source) => {
    if (source.below(4) === 0) {
      pathTemplate(source.text()).fits(source.text());
      return undefined;
    }
    // Short ones, against what they mean.
    const parts = Array.from({ length: source.below(7) }, () => source.one(PARTS));
    const text = Array.from({ length: source.below(9) }, () => source.one(['a', 'b', '/', 'aa', '-'])).join(
      '',
    );
    const meant = RegExp(`^${parts.map(([, means]) => means).join('')}$`).test(text);
    const template = parts.map(([part]) => part).join('');
    return pathTemplate(template).fits(text) === meant
      ? undefined
      : `'${template}' and '${text}': not ${meant}`;
  },
  quotaOf: (source) => {
    DEFENDER.quota({ method: source.one(['GET', 'POST', 'PATCH']), url: source.url() });
    return undefined;
  },
  reportOf: (source) => {
    reportOf(source.value());
    return undefined;
  },
};

/** Tries as many inputs, the same for the same seed. */
export function fuzz(inputs: number, seed: number): { readonly inputs: number; readonly found: string[] } {
  const found = new Map<string, string>();
  const names = Object.keys(readers);
  const source = new Source(seed);
  for (let n = 0; n < inputs; n += 1) {
    const name = names[n % names.length] as string;
    const began = performance.now();
    let wrong: string | undefined;
    try {
      wrong = readers[name]?.(source);
    } catch (error) {
      wrong = `threw ${error instanceof Error ? (error.stack ?? error.message).slice(0, 300) : error}`;
    }
    const ms = performance.now() - began;
    if (ms > LONGEST_MS) wrong ??= `took ${Math.round(ms)} ms`;
    if (wrong !== undefined && !found.has(name)) found.set(name, `input ${n}: ${wrong}`);
  }
  return { inputs, found: [...found].map(([name, wrong]) => `${name}, ${wrong}`) };
}
