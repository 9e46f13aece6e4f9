import OpenAI from 'openai';
import type { Peer } from '../types.ts';

const peer: Peer = {
  title: "openai's own retries",
  tuned: 'maxRetries 30 (README)',
  make({ variant }) {
    const clients = new Map<string, OpenAI>();
    const clientOf = (origin: string): OpenAI => {
      const options = { apiKey: 'none', baseURL: origin, ...(variant === 'tuned' && { maxRetries: 30 }) };
      const client = clients.get(origin) ?? new OpenAI(options);
      clients.set(origin, client);
      return client;
    };
    return {
      call: (url) => {
        const { origin, pathname, search } = new URL(url);
        return clientOf(origin).get(pathname + search);
      },
    };
  },
};

export default peer;
