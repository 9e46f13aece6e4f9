import { Effect } from 'effect';
import { FetchHttpClient, HttpClient } from 'effect/http';
import { RateLimiter } from 'effect/persistence';
import type { Peer } from '../types.ts';

/** Where no limit is declared: it has to be given one, and takes it from headers where there are some. */
const WIDE = { limit: 1_000_000, window: '1 second' } as const;

const peer: Peer = {
  title: "Effect's HttpClient.withRateLimiter",
  tuned: 'algorithm token-bucket, below retryTransient of 30 times (docs of withRateLimiter)',
  async make({ variant, work }) {
    const limiter = await Effect.runPromise(
      RateLimiter.make.pipe(Effect.provide(RateLimiter.layerStoreMemory)),
    );
    const algorithm = variant === 'tuned' ? 'token-bucket' : 'fixed-window';
    const limits = work.declared?.map(({ limit, per, of, each }, index) => ({
      limit,
      window: per,
      key: ({ url }: { url: string }) => (each ? `${index} ${new URL(url).pathname}` : String(index)),
      ...(of && { tokens: ({ url }: { url: string }) => Number(new URL(url).searchParams.get('tokens')) }),
    })) ?? [{ ...WIDE, key: 'all' }];
    const bare = await Effect.runPromise(Effect.provide(HttpClient.HttpClient, FetchHttpClient.layer));
    const limited = limits.reduce(
      (client, limit) => HttpClient.withRateLimiter(client, { limiter, algorithm, ...limit }) as typeof bare,
      bare,
    );
    const strict = HttpClient.filterStatusOk(limited);
    const client = variant === 'tuned' ? HttpClient.retryTransient(strict, { times: 30 }) : strict;
    return {
      call: (url) => Effect.runPromise(client.get(url).pipe(Effect.flatMap((response) => response.text))),
    };
  },
};

export default peer;
