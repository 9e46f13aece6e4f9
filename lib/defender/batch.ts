import { isObject } from '../classify/error-body.ts';
import { OptionsError } from '../words/errors.ts';
import { ask, type Client, RefusedError } from './ask.ts';
import { Term, type TermOptions } from './term.ts';

/** The request of one part of a batch. */
export interface BatchRequest<T> {
  /** Default `POST`. */
  readonly method?: string | undefined;
  /** Address of the endpoint, such as `…/api/indicators/import`. */
  readonly url: string | URL;
  /** The body for some of the items. Names of parameters are case-sensitive. */
  readonly body: (items: readonly T[]) => unknown;
}

/** Options of `splitBatch()`. */
export interface BatchOptions extends TermOptions {
  /** Maximum items of a part. Default: all are tried at once, and the API's refusal tells. */
  readonly size?: number | undefined;
}

/** An item that the API did not take, although it accepted the part. */
export interface FailedItem<T> {
  /** The item, as it was given. */
  readonly item: T;
  /** Position among all items, from 0. */
  readonly index: number;
  /** The API's words. */
  readonly reason: string | undefined;
}

/** What became of a batch. */
export interface BatchResult<T> {
  /** Answers of the parts, in the order of the items. */
  readonly answers: readonly unknown[];
  /** Items that an answer calls failed, in order. */
  readonly failed: readonly FailedItem<T>[];
  /** Maximum items of a part, as far as it was needed or found. */
  readonly size: number;
}

/** A part was refused. What was sent before it stays done. */
export class BatchError<T = unknown> extends Error {
  override readonly name = 'BatchError';
  /** What became of the parts before. */
  readonly result: BatchResult<T>;
  /** Position of the first item that was not taken, from 0: go on from there. */
  readonly next: number;

  constructor(result: BatchResult<T>, next: number, total: number, cause: unknown) {
    super(`The batch ended after ${next} of ${total} items`, { cause });
    this.result = result;
    this.next = next;
  }
}

/** Code of a refusal for the number of items: https://learn.microsoft.com/defender-endpoint/api/common-errors */
const TOO_MANY = 'MaximumBatchSizeExceeded';

/**
 * Sends items in parts, one after another. A part that is refused for its size (`MaximumBatchSizeExceeded`) was not
 * processed: it is sent again in parts of the size that the refusal names, or else in halves.
 *
 * @throws `OptionsError`; {@link BatchError} with what was done, its `cause` being why it ended
 * @example
 * const { failed } = await splitBatch(gate.fetch(), { url: `${api}/api/indicators/import`, body: (Indicators) => ({ Indicators }) }, all);
 */
export async function splitBatch<T>(
  client: Client,
  request: BatchRequest<T>,
  items: readonly T[],
  options: BatchOptions = {},
): Promise<BatchResult<T>> {
  const { method = 'POST', body } = request;
  const url = String(request.url);
  if (!URL.canParse(url)) throw new OptionsError('url', request.url, 'an absolute URL');
  if (typeof body !== 'function') throw new OptionsError('body', body, 'a function of the items of a part');
  if (options.size !== undefined && !(Number.isSafeInteger(options.size) && options.size > 0)) {
    throw new OptionsError('size', options.size, 'a whole number of 1 or more');
  }
  const term = new Term(options);
  const answers: unknown[] = [];
  const failed: FailedItem<T>[] = [];
  let size = options.size ?? Math.max(1, items.length);
  let next = 0;
  while (next < items.length) {
    const part = items.slice(next, next + size);
    try {
      const answer = await ask(client, { method, url, json: body(part), ...term.next() });
      answers.push(answer);
      failed.push(...failedOf(answer, part, next));
      next += part.length;
    } catch (error) {
      const allowed = part.length > 1 ? allowedBy(error, part.length) : undefined;
      if (allowed === undefined) throw new BatchError({ answers, failed, size }, next, items.length, error);
      size = allowed;
    }
  }
  return { answers, failed, size };
}

/**
 * The size that a refusal allows; `undefined` if it was not for the size. The message is free text: a number in it that is
 * smaller than the part is taken for the size, which the next refusal would correct.
 */
function allowedBy(error: unknown, sent: number): number | undefined {
  if (!(error instanceof RefusedError) || error.code !== TOO_MANY) return undefined;
  const { error: envelope } = (isObject(error.body) ? error.body : {}) as { error?: { message?: unknown } };
  const words = String(envelope?.message ?? '').slice(0, 1000);
  const numbers = [...words.matchAll(/\d{1,9}/g)].map(([digits]) => Number(digits));
  const told = numbers.filter((number) => number > 0 && number < sent);
  return told.length > 0 ? Math.max(...told) : Math.floor(sent / 2);
}

/** Items that an answer calls failed: `{"value":[{"isFailed":true,"failureReason":"…"}]}`, in the order of the part. */
function failedOf<T>(answer: unknown, part: readonly T[], from: number): FailedItem<T>[] {
  const { value } = (isObject(answer) ? answer : {}) as { readonly value?: unknown };
  if (!Array.isArray(value)) return [];
  return value.flatMap((each: unknown, index): FailedItem<T>[] => {
    const { isFailed, failureReason } = (isObject(each) ? each : {}) as Record<string, unknown>;
    if (isFailed !== true || index >= part.length) return [];
    const reason = typeof failureReason === 'string' ? failureReason : undefined;
    return [{ item: part[index] as T, index: from + index, reason }];
  });
}
