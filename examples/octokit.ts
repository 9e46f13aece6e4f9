/** Octokit through a gate: `node --conditions=headgate-source examples/octokit.ts` */
import { Octokit } from '@octokit/core';
import { headgate } from 'headgate';
import { throttlingServer } from './support/throttling-server.ts';

const server = await throttlingServer({ '/repos/octocat/hello': { full_name: 'octocat/hello' } });
const gate = headgate({ name: 'github' });
gate.on('retry', ({ verdict, delayMs }) => console.log(`${verdict}: again in ${Math.ceil(delayMs)} ms`));

// The core retries nothing; leave @octokit/plugin-retry and @octokit/plugin-throttling out.
const octokit = new Octokit({ baseUrl: server.url, request: { fetch: gate.fetch() } });
const { data } = await octokit.request('GET /repos/{owner}/{repo}', { owner: 'octocat', repo: 'hello' });
console.log(data.full_name);

await gate.close();
await server.close();
