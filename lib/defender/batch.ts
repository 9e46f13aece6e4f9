import { isObject } from '../classify/error-body.ts';
import { OptionsError } from '../words/errors.ts';
import { ask, type Client, RefusedError } from './ask.ts';
import { Term, type TermOptions } from './term.ts';

/** The request for each part of a batch. */
export interface BatchRequest<T> {
  /** HTTP method. Default `POST`. */
  readonly method?: string | undefined;
  /** Address of the endpoint, such as `…/api/indicators/import`. */
  readonly url: string | URL;
  /** Returns the body for the items of one part. Names of parameters are case-sensitive. */
  readonly body: (items: readonly T[]) => unknown;
}

/** Options of `splitBatch()`. */
export interface BatchOptions extends TermOptions {
  /** Maximum number of items in a part. Default: tries all at once, and learns the size from the API's refusal. */
  readonly size?: number | undefined;
}

/** An item that the API rejected although it accepted the part. */
export interface FailedItem<T> {
  /** The item, as given. */
  readonly item: T;
  /** Position among all items, from 0. */
  readonly index: number;
  /** The API's reason. */
  readonly reason: string | undefined;
}

/** Outcome of a batch. */
export interface BatchResult<T> {
  /** Answers of the parts, in the order of the items. */
  readonly answers: readonly unknown[];
  /** Items that the answers report as failed, in order. */
  readonly failed: readonly FailedItem<T>[];
  /** Maximum number of items in a part, as given or learned so far. */
  readonly size: number;
}

/** A part was refused. The parts sent before it remain processed. */
export class BatchError<T = unknown> extends Error {
  override readonly name = 'BatchError';
  /** Outcome of the earlier parts. */
  readonly result: BatchResult<T>;
  /** Position of the first item that was not accepted, from 0: continue from there. */
  readonly next: number;

  constructor(result: BatchResult<T>, next: number, total: number, cause: unknown) {
    super(`The batch ended after ${next} of ${total} items`, { cause });
    this.result = result;
    this.next = next;
  }
}

/** Code of a refusal because of the number of items: https://learn.microsoft.com/defender-endpoint/api/common-errors */
const TOO_MANY = 'MaximumBatchSizeExceeded';

/**
 * Sends items in parts, one after another. A part that is refused for its size (`MaximumBatchSizeExceeded`) was not
 * processed: its items are sent again in parts of the size that the refusal names, or else in halves.
 *
 * @throws `OptionsError`; {@link BatchError} with the outcome so far, and the reason as its `cause`
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
 * The size that a refusal allows; `undefined` if the size was not its reason. The message is free text: the largest number
 * in it that is smaller than the part is taken as the size. If it is wrong, the next refusal corrects it.
 */
function allowedBy(error: unknown, sent: number): number | undefined {
  if (!(error instanceof RefusedError) || error.code !== TOO_MANY) return undefined;
  const { error: envelope } = (isObject(error.body) ? error.body : {}) as { error?: { message?: unknown } };
  const words = String(envelope?.message ?? '').slice(0, 1000);
  const numbers = [...words.matchAll(/\d{1,9}/g)].map(([digits]) => Number(digits));
  const sizes = numbers.filter((number) => number > 0 && number < sent);
  return sizes.length > 0 ? Math.max(...sizes) : Math.floor(sent / 2);
}

/** Items that an answer reports as failed: `{"value":[{"isFailed":true,"failureReason":"…"}]}`, in the order of the part. */
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
