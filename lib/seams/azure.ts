/** `headgate/azure`: a policy for the pipelines of Azure's SDKs (`@azure/core-rest-pipeline`), in place of their retries. */
import type { WrapContext } from '../clients/function/index.ts';
import type { FetchHeadgate } from '../headgate-types.ts';
import type { CallOptions } from '../options/types.ts';

/** The used part of a request's or response's headers. */
interface PipelineHeaders extends Iterable<[string, string]> {
  set(name: string, value: string): void;
}

/** The used part of a request's signal. */
interface Signal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: object): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** The used part of a pipeline's request. */
interface Sent {
  readonly url: string;
  readonly method: string;
  readonly headers: PipelineHeaders;
  readonly body?: unknown;
  abortSignal?: Signal;
}

/** The used part of a pipeline's response. */
interface Received {
  readonly status: number;
  readonly headers: Iterable<[string, string]>;
}

/** A pipeline policy of `@azure/core-rest-pipeline`. */
export interface AzurePolicy {
  /** `headgatePolicy`. */
  readonly name: string;
  /** Sends a request, as many times as the gate allows, and resolves with the last response. */
  // biome-ignore lint/suspicious/noExplicitAny: a pipeline has its own types of requests and responses.
  sendRequest(request: any, next: (request: any) => Promise<any>): Promise<any>;
}

/** Options of {@link headgatePolicy}. */
export interface AzurePolicyOptions {
  /** Options of each call: quota, priority, deadline, cost, …, or a function that derives them. Default: those of the gate. */
  readonly call?:
    | CallOptions
    | ((request: { readonly url: string; readonly method: string }) => CallOptions | undefined);
}

/**
 * A policy that sends every request of an Azure SDK's client through the gate. It replaces the SDK's own retries, which
 * would multiply with the gate's:
 *
 * @example
 * new SecretClient(url, credential, {
 *   retryOptions: { maxRetries: 0 },
 *   additionalPolicies: [{ policy: headgatePolicy(gate), position: 'perCall' }],
 * });
 *
 * // or, with a pipeline of one's own
 * pipeline.removePolicy({ phase: 'Retry' });
 * pipeline.addPolicy(headgatePolicy(gate), { phase: 'Retry' });
 */
export function headgatePolicy(gate: FetchHeadgate, { call }: AzurePolicyOptions = {}): AzurePolicy {
  async function once(
    { signal, headers }: WrapContext,
    request: Sent,
    own: Signal | undefined,
    next: (request: Sent) => Promise<Received>,
  ): Promise<Received> {
    for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
    // The caller can still abort a streaming response after the attempt has ended.
    request.abortSignal = own instanceof AbortSignal ? AbortSignal.any([own, signal]) : signal;
    try {
      return await next(request);
    } catch (error) {
      const isTimeout = (error as Error).name === 'AbortError' && !own?.aborted && !signal.aborted;
      throw isTimeout ? timeoutOf(error) : error;
    }
  }
  const send = gate.wrap(once, {
    request: ({ url, method, headers, body }: Sent, own: Signal | undefined, _next: unknown) => ({
      ...{ url, method, headers },
      // A function makes a new stream for each attempt.
      ...(typeof body !== 'function' && body != null && { body }),
      ...(own && { signal: own as AbortSignal }),
      headgate: typeof call === 'function' ? call({ url, method }) : call,
    }),
    classify: ({ error }) => (isCutOff(error) ? 'transient' : undefined),
    withContext: true,
  });
  return {
    name: 'headgatePolicy',
    async sendRequest(request: Sent, next: (request: Sent) => Promise<Received>): Promise<Received> {
      const own = request.abortSignal;
      try {
        return await send(request, own, next);
      } finally {
        if (own) request.abortSignal = own;
        else delete request.abortSignal;
      }
    },
  };
}

/** The error of a request that the pipeline aborted because of its `timeout`. */
function timeoutOf(cause: unknown): Error {
  return Object.assign(new Error('The request took longer than its timeout', { cause }), {
    code: 'ETIMEDOUT',
  });
}

/** Whether a response broke off in its body, which the pipeline calls a failure to parse it. */
function isCutOff(error: unknown): boolean {
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown };
  return code === 'PARSE_ERROR' && statusCode === undefined;
}
