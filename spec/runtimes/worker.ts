/** The laws as a Cloudflare Worker: it answers with the lines of those that are broken. */
import { broken } from './laws.ts';

export default {
  async fetch(request: Request): Promise<Response> {
    const base = new URL(request.url).searchParams.get('base') as string;
    return Response.json(await broken(base));
  },
};
