import { Readable } from 'node:stream';
import {
  createDefaultHttpClient,
  createEmptyPipeline,
  createPipelineRequest,
  redirectPolicy,
} from '@azure/core-rest-pipeline';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { HttpRequest } from '@smithy/protocol-http';
import type { CallOptions, Headgate } from 'headgate';
import { headgatePolicy } from 'headgate/azure';
import { headgateHandler } from 'headgate/smithy';
import { type Ask, type Body, type Driver, Refusal } from '../driver.ts';
import { type Differences, givenEarly, noPages, openAtHead, unseenLegs } from './differences.ts';

/** A request's options; the seams take them from a function of the request, as their clients have no place for them. */
const asked = new Map<string, CallOptions>();

/** A body as streams and bytes, with the headers that fetch would give it. */
async function bodyOf(body: Body | undefined): Promise<{ body?: unknown; headers: Record<string, string> }> {
  if (!body) return { headers: {} };
  if (body.kind === 'stream' || body.kind === 'string' || body.kind === 'Buffer')
    return { body: body.value, headers: {} };
  if (body.kind === 'iterable') return { body: Readable.from(body.value), headers: {} };
  if (body.kind === 'JSON')
    return { body: JSON.stringify(body.value), headers: { 'content-type': 'application/json' } };
  const value = body.kind === 'form' ? new URLSearchParams(body.value) : body.value;
  const response = new Response(value as never);
  const type = response.headers.get('content-type');
  return { body: Buffer.from(await response.arrayBuffer()), headers: type ? { 'content-type': type } : {} };
}

const record: Differences = {
  'the result carries the record': {
    because: 'the result is its client’s own; the `success` event has the record',
    shows: /record/,
  },
  'the thrown error carries the record': {
    because: 'it throws nothing at an error status; an error thrown at a fault does carry it',
    shows: /record/,
  },
};

const FOLLOWS_NONE = 'it follows no redirects: SDKs made with Smithy have none';
const OTHER_ORIGIN = 'it follows no redirect to another origin';

const shared: Differences = {
  ...noPages,
  ...record,
  'a body that stalls for its bodyTimeout is cut off, and its connection closed': {
    because: 'the gate does not see the body: its client reads it',
    shows: /No end/,
  },
  'each leg of a redirect is signed for itself': {
    because: 'the gate does not see its client’s redirects, which carry the first leg’s signature',
    shows: /'\/a'/,
  },
};

/** Clients that read a body before they give its head. */
const readWhole: Differences = {
  'the gate does not wait for an error body that never ends': {
    because: 'its pipeline reads every body whole before it returns the head; its deadline ends that',
    shows: /deadline/,
  },
  'a body that still flows at the deadline arrives whole': {
    because: 'its pipeline reads every body whole before it returns the head: the deadline covers both',
    shows: /deadline/,
  },
  'a body that stalls for less than its bodyTimeout arrives whole': {
    because: 'its pipeline reads every body whole before it returns the head: the deadline covers both',
    shows: /deadline/,
  },
};

const noOtherOrigin = (because: string, shows: RegExp): Differences => ({
  'a token goes to no other origin': { because, shows },
  'a signature goes to no other origin': { because, shows },
});

const noRedirects: Differences = {
  'a redirect is followed': { because: FOLLOWS_NONE, shows: /'GET '/ },
  'a redirect is one call, and each of its legs an attempt': { because: FOLLOWS_NONE, shows: /events/ },
  'a POST becomes a GET at 303, and stays what it was at 307': { because: FOLLOWS_NONE, shows: /'GET '/ },
  'an endless redirect is the client’s to end': { because: FOLLOWS_NONE, shows: /did not fail/ },
  'a redirect leg waits for the quota of its target': { because: FOLLOWS_NONE, shows: /length of 2/ },
  ...noOtherOrigin(FOLLOWS_NONE, /'there'/),
};

/** Options of the call of this request. */
const callOf = ({ url }: { url: string }): CallOptions | undefined => asked.get(url);

function ask({ url, headgate }: Ask): void {
  if (headgate) asked.set(new URL(url).href, headgate);
  else asked.delete(new URL(url).href);
}

export const azure: Driver = {
  name: 'Azure’s pipeline',
  client: (gate: Headgate) => {
    const pipeline = createEmptyPipeline();
    pipeline.addPolicy(headgatePolicy(gate, { call: callOf }), { phase: 'Retry' });
    pipeline.addPolicy(redirectPolicy(), { afterPhase: 'Retry' });
    const client = createDefaultHttpClient();
    return {
      async send(given) {
        ask(given);
        const { body, headers } = await bodyOf(given.body);
        const request = createPipelineRequest({
          url: new URL(given.url).href,
          method: (given.method ?? 'GET') as 'GET',
          body: (body ?? null) as string | null,
          ...(given.signal && { abortSignal: given.signal }),
          ...(given.timeout !== undefined && { timeout: given.timeout }),
          allowInsecureConnection: true,
        });
        for (const [name, value] of Object.entries({ ...headers, ...given.headers }))
          request.headers.set(name, value);
        const { status, bodyAsText } = await pipeline.sendRequest(client, request);
        if (status >= 400) throw new Refusal(status, undefined);
        return { status, text: bodyAsText ?? '', report: undefined };
      },
    };
  },
  differences: {
    ...shared,
    ...unseenLegs,
    ...readWhole,
    ...noOtherOrigin(OTHER_ORIGIN, /'there'/),
    'a response that is not compressed as it says is final': {
      because: 'it does not unpack bodies',
      shows: /did not fail/,
    },
    'an endless redirect is the client’s to end': {
      because: 'it returns the last redirect that it follows, and does not fail',
      shows: /did not fail/,
    },
  },
};

export const smithy: Driver = {
  name: 'Smithy’s handler',
  client: (gate: Headgate) => {
    const handler = headgateHandler(gate, new NodeHttpHandler({ throwOnRequestTimeout: true }), {
      call: callOf,
    });
    return {
      async send(given) {
        ask(given);
        const { body, headers } = await bodyOf(given.body);
        const { protocol, hostname, port, pathname, searchParams } = new URL(given.url);
        const request = new HttpRequest({
          ...{ protocol, hostname, path: pathname, method: given.method ?? 'GET' },
          ...(port && { port: Number(port) }),
          query: Object.fromEntries(searchParams),
          headers: { ...headers, ...given.headers },
          ...(body !== undefined && { body }),
        });
        const options = {
          ...(given.signal && { abortSignal: given.signal }),
          ...(given.timeout !== undefined && { requestTimeout: given.timeout }),
        };
        const { response } = await handler.handle(request, options);
        const chunks: Uint8Array[] = [];
        for await (const chunk of response.body) chunks.push(chunk);
        if (response.statusCode >= 400) throw new Refusal(response.statusCode, undefined);
        return { status: response.statusCode, text: Buffer.concat(chunks).toString(), report: undefined };
      },
    };
  },
  differences: { ...shared, ...noRedirects, ...givenEarly, ...openAtHead },
};
