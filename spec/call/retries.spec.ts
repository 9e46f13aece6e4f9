import { expect } from 'chai';
import { type Classification, headgate, type Profile, reportOf } from 'headgate';
import { LAWS, type Law } from '../policy/retry-law.ts';
import { play } from '../support/play.ts';
import { record } from '../support/server.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const URL_OF_ALL = 'https://api.example/x';

/** What a call through a gate does, on the virtual clock. */
async function call({ request = {}, retry, auth, answers }: Law) {
  const { method = 'GET', headers = {}, idempotent, stream = false, resendable = false } = request;
  const profile: Profile = {
    name: 'told',
    quota: () => ({ key: 'q', windows: [] }),
    classify: ({ status = 0, headers: { answer } = {} }): Classification => ({
      status,
      ...(answer === undefined ? { verdict: 'success' } : (answers[Number(answer)] as Classification)),
    }),
    resendable: () => resendable,
  };
  const clock = new VirtualClock();
  const gate = headgate(
    {
      profile,
      adaptive: false,
      ...(retry && { retry }),
      ...(auth && { auth: { token: async () => ({ token: 't' }) } }),
    },
    { clock, random: () => 0 },
  );
  const events = record(gate);
  const start = clock.now();
  const sent: number[] = [];
  const fetch = gate.fetch(async () => {
    sent.push(clock.now() - start);
    const [verdict, answer] = [answers[sent.length - 1]?.verdict, String(sent.length - 1)];
    const status = { success: 200, throttled: 429, transient: 503, unauthorized: 401, terminal: 404 };
    return verdict === undefined
      ? new Response('{}')
      : new Response('{}', { status: status[verdict], headers: { answer } });
  });
  const body = stream ? { body: new Blob(['x']).stream(), duplex: 'half' as const } : {};
  const marks = idempotent === undefined ? {} : { headgate: { idempotent } };
  const promise = fetch(URL_OF_ALL, { method, headers, ...body, ...marks }).then(
    (response) => ({ report: response.headgate, error: undefined }),
    (error: Error) => ({ report: reportOf(error), error }),
  );
  const { report, error } = await play(clock, promise);
  await gate.close();
  return { sent, report, error: error as { waitMs?: number } | undefined, events };
}

describe('A call', () => {
  for (const law of LAWS) {
    it(law.law, async () => {
      const { sent, report, error, events } = await call(law);
      expect(sent).to.deep.equal(law.sent);
      const ended = events.filter(({ type }) => type === 'success' || type === 'failure');
      expect(ended).to.have.length(1);
      const [end] = ended as unknown as { type: string; reason?: string; attempts: unknown[] }[];
      expect(end?.reason ?? end?.type).to.equal(law.ends);
      expect(end?.attempts).to.have.length(law.sent.length);
      expect(report?.attempts).to.have.length(law.sent.length);
      if (law.waitMs !== undefined) expect(error).to.include({ waitMs: law.waitMs });
      if (law.hint) expect(report?.hint).to.match(law.hint);
      const retries = events.filter(({ type }) => type === 'retry');
      expect(retries).to.have.length(law.sent.length - 1);
    });
  }
});
