import axios, { type AxiosInstance } from 'axios';
import { expect } from 'chai';
import got, { type Got } from 'got';
import got14, { type Got as Got14 } from 'got14';
import got15, { type Got as Got15 } from 'got15';
import { type GateEvents, headgate, type Profile } from 'headgate';
import { defender } from 'headgate/profiles';

/** True when two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Fails to compile where it is given anything but `true`. */
const holds = <_T extends true>(): void => undefined;

/** Checked by the type check, not by running. */
describe('The types of', () => {
  const gate = headgate();

  it('a wrapped client are those of the bare one', () => {
    const api = gate.got(got);
    holds<Same<typeof api, Got>>();
    const older = gate.got(got15);
    holds<Same<typeof older, Got15>>();
    const oldest = gate.got(got14);
    holds<Same<typeof oldest, Got14>>();
    const instance = gate.axios(axios.create());
    holds<Same<typeof instance, AxiosInstance>>();
    const like: typeof fetch = gate.fetch();
    expect(like).to.be.a('function');
  });

  it('what a got instance is extended by fit every major', () => {
    expect(got.extend({ headers: {} }, gate.gotOptions())).to.be.a('function');
    expect(got15.extend({ headers: {} }, gate.gotOptions())).to.be.a('function');
    expect(got14.extend({ headers: {} }, gate.gotOptions())).to.be.a('function');
  });

  it('a wrapped function are its own', () => {
    const request = { method: 'GET', url: 'http://localhost/' };
    const add = gate.wrap(async (a: number, b: string) => `${a}${b}`, { request });
    holds<Same<Parameters<typeof add>, [a: number, b: string]>>();
    holds<Same<Awaited<ReturnType<typeof add>>, string>>();
  });

  it('events follow from their names', () => {
    gate.on('retry', (event) => holds<Same<typeof event.delayMs, number>>());
    gate.on('failure', ({ reason }) => holds<Same<typeof reason, GateEvents['failure']['reason']>>());
    // @ts-expect-error: there is no such event
    expect(() => gate.on('retried', () => undefined)).to.throw('No such event');
  });

  it('options and profiles are checked', () => {
    const profile: Profile = defender({ tenant: 't' });
    expect(profile.name).to.equal('defender');
    // @ts-expect-error: there is no such option
    expect(() => headgate({ retires: {} })).to.throw('retires');
  });
});
