import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { headgate, OptionsError } from 'headgate';

const { peerDependencies, peerDependenciesMeta } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as {
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional: boolean }>;
};

describe('Peers', () => {
  it('of any version elsewhere in the tree keep nobody from the install: npm refuses an optional peer of another version', () => {
    for (const name of ['got', 'axios', 'undici']) expect(peerDependencies[name]).to.equal('*');
    expect(peerDependencies.ioredis).to.equal('^5.3.0 || ^6.0.0');
    for (const name of Object.keys(peerDependencies)) {
      expect(peerDependenciesMeta[name]).to.deep.equal({ optional: true });
    }
  });

  it('that are too old are told at the gate, with what is needed', () => {
    const gate = headgate();
    const interceptors = { request: { use: () => 0 }, response: { use: () => 0 } };
    const axios = { create: () => undefined, interceptors, request: () => undefined };
    for (const old of [
      { ...axios, VERSION: '0.27.2' },
      { ...axios, defaults: { env: { FormData: undefined } } },
    ]) {
      expect(() => gate.axios(old as never)).to.throw(OptionsError, /axios 1\.7 or later/);
    }
  });
});
