/** Bodies of good responses that report amounts spent or a refusal. No others are read. */
import type { Attempt } from '../../call/attempt.ts';
import { BODY_LIMIT } from '../../words/types.ts';
import { bodyText } from './bodies.ts';

const decoder = new TextDecoder();

/** The used part of a fetch response. */
interface Copyable {
  clone(): { readonly body?: ReadableStream<Uint8Array> | null };
}

/** Reports what a client has read: a value, a parsed body or its bytes. */
export function tellRead(attempt: Attempt | undefined, value: unknown): void {
  if (attempt?.readsSpent) attempt.tellBody(textOf(value));
}

/** Content types in which a good response may report a refusal; ArcGIS sends its JSON as plain text. */
const TELLING = /[/+](?:json|xml)\b|^text\/plain\b/i;

/** Whether a good response is read before it is returned, since it may hold a refusal. */
export function isRead(attempt: Attempt, contentType: unknown): boolean {
  return attempt.readsBody && (contentType == null || TELLING.test(String(contentType)));
}

/**
 * What a client has read of a good response (a value or bytes), as text; `undefined` if it cannot hold a
 * refusal.
 */
export function saidBy(attempt: Attempt, value: unknown): string | undefined {
  return attempt.readsBody ? textOf(value) : undefined;
}

/** Reports what a JSON response says, from a copy of its body; its reader does not have to wait. */
export function tellCopy(attempt: Attempt, response: object, contentType: unknown): void {
  if (!attempt.readsSpent || !/[/+]json\b/i.test(String(contentType))) return;
  try {
    const { body } = (response as Copyable).clone();
    if (body) copied(body).then((text) => attempt.tellBody(text), ignore);
  } catch {
    // A mock may not be clonable, or its body may be in use.
  }
}

const ignore = (): void => undefined;

async function copied(body: ReadableStream<Uint8Array>): Promise<string> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size < BODY_LIMIT) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    size += value.byteLength;
  }
  if (size >= BODY_LIMIT) reader.cancel().catch(ignore);
  return decoder.decode(Buffer.concat(chunks).subarray(0, BODY_LIMIT));
}

function textOf(value: unknown): string | undefined {
  const { rawBody } = (value ?? {}) as { readonly rawBody?: unknown };
  const text = bodyText({ body: rawBody ?? value });
  if (text !== undefined || typeof value !== 'object') return text;
  try {
    return bodyText({ json: value });
  } catch {
    return undefined;
  }
}
