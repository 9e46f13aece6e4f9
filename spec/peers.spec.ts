import { readFileSync } from 'node:fs';
import axios from 'axios';
import axios17 from 'axios17';
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

  it('that are too old are told at the gate, with what is needed, and others are not', () => {
    const gate = headgate();
    const interceptors = { request: { use: () => 0 }, response: { use: () => 0 } };
    const like = { create: () => axios.create(), interceptors, request: () => undefined };
    const adapter = (): void => undefined;
    for (const old of [
      { ...like, VERSION: '0.27.2' },
      { ...like, VERSION: '1.6.8' },
      { ...like, defaults: { adapter, env: { FormData: undefined } } },
      { ...like, defaults: { adapter: ['xhr', 'http'] } },
    ]) {
      expect(() => gate.axios(old as never)).to.throw(
        OptionsError,
        /axios 1\.7 or later.*older axios: update it/,
      );
    }
    // Never `axios` itself: it would stay gated for every spec of the process.
    for (const each of [
      Object.assign(axios.create(), { VERSION: axios.VERSION }),
      axios.create(),
      Object.assign(axios17.create(), { VERSION: axios17.VERSION }),
      axios17.create(),
      axios.create({ adapter: 'http' }),
    ]) {
      expect(() => gate.axios(each as never)).not.to.throw();
    }
  });
});
