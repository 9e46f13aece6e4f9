/** Bodies of undici: which can be sent again, and what an error response says. */
import { brotliDecompressSync, constants, gunzipSync, inflateSync } from 'node:zlib';
import type { Attempt } from '../../call/attempt.ts';
import { BODY_LIMIT } from '../../words/types.ts';
import { bodyText, isReplayable } from '../shared/bodies.ts';
import { REPLAY_LIMIT } from '../shared/fetch-body.ts';
import type { Fields } from './headers.ts';

/** A request's body: sent as it is, or, if it is an iterator, copied while it is sent. */
export class RequestBody {
  readonly #given: unknown;
  #kept: Uint8Array[] | undefined;
  #whole: Buffer | undefined;
  #sent = false;
  /** True once reading of an iterator has begun. */
  #begun = false;

  constructor(given: unknown) {
    this.#given = given;
    // fetch passes every body as an iterator, whatever it was made from. A Readable is left as it is.
    if (isIterator(given)) this.#kept = [];
  }

  get replayable(): boolean {
    if (this.#kept || this.#whole) return this.#whole !== undefined || !this.#begun;
    const given = this.#given;
    if (isUntouched(given)) return true;
    if (typeof given !== 'object' || given === null) return true;
    return (
      isReplayable(given) &&
      !(Symbol.asyncIterator in given) &&
      (!(Symbol.iterator in given) || isData(given))
    );
  }

  /** The body for the next attempt. */
  next(): unknown {
    if (this.#whole && this.#sent) return this.#whole;
    this.#sent = true;
    return this.#kept ? this.#readAlong(this.#given as AsyncIterable<Uint8Array>) : this.#given;
  }

  text(): string | undefined {
    return bodyText({ body: this.#whole ?? this.#given });
  }

  async *#readAlong(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    let size = 0;
    this.#begun = true;
    for await (const chunk of source) {
      size += chunk.byteLength ?? Infinity;
      if (size <= REPLAY_LIMIT) this.#kept?.push(chunk);
      yield chunk;
    }
    if (size <= REPLAY_LIMIT) this.#whole = Buffer.concat(this.#kept ?? []);
    this.#kept = [];
  }
}

/** The body of a good response, copied as it passes if a quota reads the amounts spent from it. */
export class SpentBody {
  readonly #chunks: Uint8Array[] = [];
  readonly #encoding: unknown;
  #size = 0;

  private constructor(encoding: unknown) {
    this.#encoding = encoding;
  }

  static of({ readsSpent }: Attempt, headers: Fields): SpentBody | undefined {
    if (!readsSpent || !/[/+]json\b/i.test(String(headers['content-type']))) return undefined;
    return new SpentBody(headers['content-encoding']);
  }

  push(chunk: Uint8Array): void {
    if (this.#size < BODY_LIMIT) this.#chunks.push(chunk);
    this.#size += chunk.byteLength;
  }

  /** The body is complete. */
  tell(attempt: Attempt): void {
    attempt.tellBody(responseText(this.#chunks, this.#encoding));
  }
}

/** The text of a response's body; its beginning is enough. */
export function responseText(chunks: readonly Uint8Array[], encoding: unknown): string | undefined {
  const bytes = Buffer.concat(chunks);
  const decode = decoders.get(String(encoding ?? 'identity').toLowerCase());
  try {
    return decode && bodyText({ body: decode(bytes) });
  } catch {
    return undefined;
  }
}

/** Decodes as much as possible of a body that may be cut off, up to a limit. */
const zlibOptions = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 16 * BODY_LIMIT };
const decoders: ReadonlyMap<string, (bytes: Buffer) => Uint8Array> = new Map([
  ['identity', (bytes) => bytes],
  ['gzip', (bytes) => gunzipSync(bytes, zlibOptions)],
  ['deflate', (bytes) => inflateSync(bytes, zlibOptions)],
  ['br', (bytes) => brotliDecompressSync(bytes, { maxOutputLength: zlibOptions.maxOutputLength })],
]);

/** Whether it is a stream of which nothing was read, because no connection was made. */
function isUntouched(body: unknown): boolean {
  const { readableDidRead, destroyed } = (body ?? {}) as { readableDidRead?: boolean; destroyed?: boolean };
  return readableDidRead === false && destroyed === false;
}

function isIterator(body: unknown): boolean {
  return (
    typeof body === 'object' &&
    body !== null &&
    Symbol.asyncIterator in body &&
    !('pipe' in body) &&
    !isData(body)
  );
}

/** Whether a body, iterable or not, can be read any number of times. */
function isData(body: object): boolean {
  return ArrayBuffer.isView(body) || body instanceof ArrayBuffer || body instanceof Blob || 'getAll' in body;
}
