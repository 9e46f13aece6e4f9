/** Four laws of a gate, tried with what every runtime has: fetch. */
import { headgate } from '../../lib/index.ts';

/** Made at module scope, where some runtimes allow neither timers nor random numbers. */
const gate = headgate({ retry: { backoff: { base: '20ms', max: '100ms' } } });
const call = gate.fetch();

const settled = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Each law tells what it found wrong, or nothing. */
const laws: Record<string, (base: string) => Promise<string | undefined>> = {
  async 'a pause stops every attempt of its quota'(base) {
    const answers = await Promise.all(Array.from({ length: 10 }, () => call(`${base}/pause`)));
    const bad = answers.filter(({ status }) => status !== 200).length;
    const { early } = (await (await fetch(`${base}/tally`)).json()) as { early: number };
    return bad + early > 0 ? `${bad} failed, ${early} arrived while the quota was closed` : undefined;
  },
  async 'an attempt is sent again by cause'(base) {
    const method = 'POST';
    const got = await call(`${base}/fault?name=get`);
    const posted = await call(`${base}/fault?name=post`, { method, body: 'x' });
    const refused = await call(`${base}/refused`, { method, body: 'x' });
    const statuses = [got, posted, refused].map(({ status }) => status).join();
    return statuses === '200,503,200' ? undefined : `expected 200,503,200, got ${statuses}`;
  },
  async 'an abort is answered at once, and frees its permit'(base) {
    const one = headgate({ quotas: [{ concurrency: 1 }] });
    const limited = one.fetch();
    const slow = limited(`${base}/slow`);
    const controller = new AbortController();
    const waiting = limited(`${base}/ok`, { signal: controller.signal }).catch((error: Error) => error);
    await settled(10);
    controller.abort();
    const thrown = await waiting;
    const { queued } = one.quotas()[0] ?? { queued: -1 };
    await (await slow).text();
    const next = await limited(`${base}/ok`);
    await next.text();
    await one.close();
    if (!(thrown instanceof Error) || thrown.name !== 'AbortError') return `rejected with ${String(thrown)}`;
    return queued === 0 && next.status === 200 ? undefined : `${queued} queued, then ${next.status}`;
  },
  async 'a call never waits in vain, and its error bears the record'(base) {
    const before = Date.now();
    const thrown = (await call(`${base}/closed`, { headgate: { deadline: '1s' } }).catch(
      (error: unknown) => error,
    )) as { code?: string; waitMs?: number; headgate?: { attempts: unknown[] } };
    const waitedMs = Date.now() - before;
    const { code, headgate: report } = thrown;
    if (code !== 'ERR_HEADGATE_DEADLINE') return `ended with ${String(thrown)}`;
    if (waitedMs > 900) return `it waited ${waitedMs} ms`;
    return report?.attempts.length === 1 ? undefined : `record of ${report?.attempts.length} attempts`;
  },
};

/** Tries all laws on the server at `base`; a line for each that is broken. */
export async function broken(base: string): Promise<string[]> {
  const lines: string[] = [];
  for (const [law, holds] of Object.entries(laws)) {
    const wrong = await holds(base).catch((error: unknown) => `threw ${String(error)}`);
    if (wrong !== undefined) lines.push(`${law}: ${wrong}`);
  }
  return lines;
}
