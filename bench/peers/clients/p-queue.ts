import PQueue from 'p-queue';
import { fetchOk } from '../ok.ts';
import type { Peer, Work } from '../types.ts';

const peer: Peer = {
  title: 'p-queue + fetch',
  tuned:
    'strict, for a limit over a sliding window (README); the queue of the whole around one for each route',
  make({ variant, work }) {
    const strict = variant === 'tuned';
    const whole = queueOf(work, strict, false);
    const routes = new Map<string, PQueue>();
    const routeOf = (url: string): PQueue => {
      const { pathname } = new URL(url);
      const queue = routes.get(pathname) ?? queueOf(work, strict, true);
      routes.set(pathname, queue);
      return queue;
    };
    if (!work.routes) return { call: (url) => whole.add(() => fetchOk(url)) };
    return { call: (url) => routeOf(url).add(() => whole.add(() => fetchOk(url))) };
  },
};

/** It counts calls alone: of tokens it knows nothing. */
function queueOf({ declared = [] }: Work, strict: boolean, each: boolean): PQueue {
  const window = declared.find((limit) => (limit.each !== undefined) === each && limit.of === undefined);
  if (!window) return new PQueue({ concurrency: 10 });
  return new PQueue({ intervalCap: window.limit, interval: window.per, ...(strict && { strict }) });
}

export default peer;
