/** `headgate/smithy`: a gated request handler for SDKs made with Smithy, such as AWS's (v3). */
import type { FetchHeadgate } from '../headgate-types.ts';
import type { CallOptions } from '../options/types.ts';
import { BODY_LIMIT } from '../words/types.ts';

/** The used part of such an SDK's request. */
interface Sent {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | string[] | null>>;
  headers: Record<string, string>;
  readonly body?: unknown;
}

/** The used part of its response. */
interface Received {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  body?: unknown;
}

/** Options of one request. */
interface HandlerOptions {
  readonly abortSignal?: unknown;
}

/** A request handler: `NodeHttpHandler` of `@smithy/node-http-handler`, or another. */
export interface SmithyHandler {
  /** Sends a request. */
  // biome-ignore lint/suspicious/noExplicitAny: handlers have their own types of requests and options.
  handle(request: any, options?: any): Promise<{ response: any }>;
}

/** Options of {@link headgateHandler}. */
export interface SmithyHandlerOptions {
  /** Options of each call: quota, priority, deadline, cost, …, or a function that derives them. Default: those of the gate. */
  readonly call?:
    | CallOptions
    | ((request: { readonly url: string; readonly method: string }) => CallOptions | undefined);
}

/** One attempt's response: as the gate reads it, and as the SDK gets it. */
interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** Body of an error. */
  readonly data?: string;
  readonly response: Received;
}

/**
 * A handler that sends every request through the gate. It replaces the SDK's own retries, which would multiply with the
 * gate's: set `maxAttempts: 1`. All attempts carry one signature, so the deadline should not exceed its lifetime (AWS: 5
 * minutes).
 *
 * @example
 * new DynamoDBClient({ maxAttempts: 1, requestHandler: headgateHandler(gate, new NodeHttpHandler()) });
 */
export function headgateHandler<H extends SmithyHandler>(
  gate: FetchHeadgate,
  handler: H,
  { call }: SmithyHandlerOptions = {},
): H {
  const send = gate.wrap(
    async ({ signal, headers }, request: Sent, options: HandlerOptions = {}): Promise<Answer> => {
      const own = options.abortSignal;
      const abortSignal = own instanceof AbortSignal ? AbortSignal.any([own, signal]) : signal;
      Object.assign(request.headers, headers);
      const { response } = await handler.handle(request, { ...options, abortSignal });
      return answerOf(response as Received);
    },
    {
      request: (request: Sent, { abortSignal }: HandlerOptions = {}) => {
        const url = urlOf(request);
        const { method, headers, body } = request;
        return {
          ...{ method, url, headers },
          ...(body != null && { body }),
          ...(abortSignal != null && { signal: abortSignal as AbortSignal }),
          headgate: typeof call === 'function' ? call({ url, method }) : call,
        };
      },
      withContext: true,
    },
  );
  // Everything else remains the handler's own: metadata, configuration, destroy.
  return new Proxy(handler, {
    get(target, key) {
      if (key === 'handle') {
        return async (request: Sent, options?: HandlerOptions) => ({
          response: (await send(request, options)).response,
        });
      }
      const value = Reflect.get(target, key, target) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function urlOf({ protocol, hostname, port, path, query = {} }: Sent): string {
  const url = new URL(`${protocol}//${hostname}${port ? `:${port}` : ''}${path}`);
  for (const [name, value] of Object.entries(query)) {
    for (const each of [value ?? ''].flat()) url.searchParams.append(name, each);
  }
  return url.href;
}

/** Reads the body of an error, up to {@link BODY_LIMIT}, and restores it in the response. */
async function answerOf(response: Received): Promise<Answer> {
  const { statusCode: status, headers, body } = response;
  if (status < 400 || !isStream(body)) return { status, headers, response };
  const chunks: Uint8Array[] = [];
  const rest = body[Symbol.asyncIterator]();
  for (let size = 0; size < BODY_LIMIT; ) {
    const { done, value } = await rest.next();
    if (done) break;
    const chunk = Buffer.from(value as Uint8Array);
    chunks.push(chunk);
    size += chunk.length;
  }
  const { Readable } = await import('node:stream');
  const restored = async function* (): AsyncGenerator<unknown> {
    yield* chunks;
    yield* { [Symbol.asyncIterator]: () => rest };
  };
  response.body = Readable.from(restored(), { objectMode: false });
  return { status, headers, data: Buffer.concat(chunks).toString(), response };
}

function isStream(body: unknown): body is AsyncIterable<unknown> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}
