import { HttpRequest, HttpResponse } from '@smithy/core/protocols';
import { getRetryPlugin, resolveRetryConfig } from '@smithy/core/retry';
import type { Peer } from '../types.ts';

type Handler = (args: { request: HttpRequest }) => Promise<{ response: unknown; output: unknown }>;
type Middleware = (next: Handler, context: object) => Handler;

const peer: Peer = {
  title: "smithy's retries (AWS SDK)",
  tuned: 'maxAttempts 31 (docs of the AWS SDK)',
  make({ variant }) {
    const config = resolveRetryConfig(
      variant === 'tuned'
        ? { maxAttempts: 31, retryMode: async () => 'standard' }
        : { retryMode: async () => 'standard' },
    );
    let middleware: Middleware | undefined;
    const stack = { add: (given: unknown) => (middleware = given as Middleware) };
    getRetryPlugin(config as never).applyToStack(stack as never);
    const send = (middleware as Middleware)(fetchOnce, {});
    return { call: (url) => send({ request: new HttpRequest({ path: url }) }) };
  },
};

/** What a generated client makes of an answer. */
async function fetchOnce({
  request,
}: {
  request: HttpRequest;
}): Promise<{ response: unknown; output: unknown }> {
  const response = await fetch(request.path.slice(1));
  const body = await response.text();
  const $metadata = { httpStatusCode: response.status };
  if (response.ok) return { response, output: { $metadata, body } };
  const headers = Object.fromEntries(response.headers);
  const $response = new HttpResponse({ statusCode: response.status, headers });
  throw Object.assign(new Error(`status ${response.status}`), { $metadata, $response });
}

export default peer;
