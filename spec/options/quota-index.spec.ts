import { expect } from 'chai';
import fc from 'fast-check';
import { headgate } from 'headgate';
import { type DeclaredQuota, DeclaredQuotas } from '../../lib/options/quotas.ts';
import { readOptions } from '../../lib/options/read.ts';
import { pathTemplate } from '../../lib/words/path-template.ts';

const declared = (quotas: object[]): readonly DeclaredQuota[] => readOptions({ quotas }).quotas;

describe('Declared quotas', () => {
  it('apply first come, first match, as if they were tried one after another', () => {
    const segment = fc.constantFrom('a', 'B', '', '{id}', '*', '**', 'a*', '{x}-b', 'a-b');
    const match = fc.record(
      {
        method: fc.constantFrom('GET', 'post', ['GET', 'PUT']),
        host: fc.constantFrom('h', 'H:81', '*.h', '*', 'i'),
        path: fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`),
      },
      { requiredKeys: [] },
    );
    const request = fc.record({
      method: fc.constantFrom('GET', 'POST', 'PUT'),
      url: fc
        .tuple(
          fc.constantFrom('h', 'i', 'h:81', 'x.h'),
          fc.array(fc.constantFrom('a', 'b', 'A', '', 'a-b', 'ab', '%7Bx'), { maxLength: 5 }),
        )
        .map(([host, segments]) => new URL(`http://${host}/${segments.join('/')}`)),
    });
    fc.assert(
      fc.property(fc.array(match, { maxLength: 12 }), request, (matches, asked) => {
        const quotas = declared(matches.map((each, index) => ({ name: `q${index}`, match: each })));
        const naive = quotas.find(
          ({ match: { method, host, path } }) =>
            (method === undefined || [method].flat().includes(asked.method)) &&
            (host === undefined || pathTemplate(host).fits(asked.url.host)) &&
            (path === undefined || pathTemplate(path).fits(asked.url.pathname)),
        );
        expect(new DeclaredQuotas(quotas).match(asked)?.key).to.equal(naive?.name);
      }),
      { numRuns: 5000 },
    );
  });

  it('are compared with a request only where they may fit it, be there 10,000 or ten', () => {
    let asked = 0;
    const quotas = declared([
      ...Array.from({ length: 10_000 }, (_, i) => ({ match: { path: `/v1/{tenant}/t${i}/**` } })),
      ...Array.from({ length: 10_000 }, (_, i) => ({ match: { host: `h${i}.example.com` } })),
      { match: { path: '/last' } },
    ]);
    const all = new DeclaredQuotas(quotas);
    const facts = (url: string) => ({
      url: new URL(url),
      get method() {
        asked += 1;
        return 'GET';
      },
    });
    expect(all.match(facts('https://h9999.example.com/x'))?.key).to.equal('* h9999.example.com');
    expect(all.match(facts('https://x/v1/q/t9999/z'))?.key).to.equal('* /v1/{tenant}/t9999/**');
    expect(all.match(facts('https://x/last'))?.key).to.equal('* /last');
    expect(all.match(facts('https://x/none'))).to.equal(undefined);
    expect(asked).to.equal(0);
  });

  it('of 20,000 are replaced live', async () => {
    const quotas = (limit: number) =>
      Array.from({ length: 20_000 }, (_, i) => ({
        match: { path: `/t${i}/**` },
        windows: [{ limit, per: '1m' }],
      }));
    const gate = headgate({ quotas: quotas(1) });
    for (let i = 2; i < 4; i += 1) gate.update({ quotas: quotas(i) });
    await gate.close();
  });
});
