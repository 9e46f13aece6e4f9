import { expect } from 'chai';
import type { Clock, Token } from 'headgate';
import { Tokens } from '../../lib/call/tokens.ts';
import { virtualClock } from '../../lib/testing/index.ts';

const HOUR = 3_600_000;

describe('A token', () => {
  const { signal } = new AbortController();

  it('is renewed by the wall clock, which keeps running while the machine sleeps', async () => {
    const clock = virtualClock();
    let fetched = 0;
    const token = (): Token => ({ token: `t${++fetched}`, expiresAt: clock.wall() + HOUR });
    const tokens = new Tokens({ token }, undefined, clock, signal);
    expect(await tokens.get()).to.equal('t1');
    expect(tokens.current).to.equal('t1');
    clock.suspend(2 * HOUR);
    expect(tokens.current).to.equal(undefined);
    expect(await Promise.all([tokens.get(), tokens.get()])).to.deep.equal(['t2', 't2']);
    expect(fetched).to.equal(2);
  });

  it('is renewed a minute early', async () => {
    const clock = virtualClock();
    const tokens = new Tokens(
      { token: () => ({ token: 't', expiresAt: new Date(clock.wall() + HOUR) }) },
      undefined,
      clock,
      signal,
    );
    await tokens.get();
    await clock.advance(HOUR - 60_001);
    expect(tokens.current).to.equal('t');
    await clock.advance(1);
    expect(tokens.current).to.equal(undefined);
  });

  it('is fetched anew once a source has hung for a minute, which fails with a clear error', async () => {
    const clock = virtualClock();
    let fetched = 0;
    let given: AbortSignal | undefined;
    const token = (asked: { signal: AbortSignal }): Token | Promise<never> => {
      fetched += 1;
      given ??= asked.signal;
      return fetched === 1 ? new Promise(() => undefined) : { token: 't2' };
    };
    const tokens = new Tokens({ token }, undefined, clock, signal);
    const hung = [tokens.get(), tokens.get()].map((each) => each.catch(({ message }: Error) => message));
    await clock.advance(59_000);
    expect(given?.aborted).to.equal(false);
    await clock.advance(1000);
    for (const message of await Promise.all(hung))
      expect(message).to.match(/'auth' took longer than 60000 ms/);
    expect(given?.aborted).to.equal(true);
    expect(await tokens.get()).to.equal('t2');
    expect(fetched).to.equal(2);
  });

  it('is renewed although the wall clock was set back', async () => {
    const clock = virtualClock();
    const tokens = new Tokens(
      { token: () => ({ token: 't', expiresAt: clock.wall() + HOUR }) },
      undefined,
      clock,
      signal,
    );
    await tokens.get();
    clock.suspend(-2 * HOUR);
    await clock.advance(HOUR);
    expect(tokens.current).to.equal(undefined);
  });

  it('with an expiry in seconds is renewed like one with an expiry in ms', async () => {
    const clock = virtualClock();
    const token = (): Token => ({ token: 't', expiresAt: Math.ceil(clock.wall() / 1000) + 3600 });
    const tokens = new Tokens({ token }, undefined, clock, signal);
    await tokens.get();
    clock.suspend(HOUR / 2);
    expect(tokens.current).to.equal('t');
    clock.suspend(HOUR / 2);
    expect(tokens.current).to.equal(undefined);
  });

  it('is renewed by Date.now() on a clock without a wall clock', async () => {
    const virtual = virtualClock({ now: 5 });
    const clock: Clock = {
      now: () => virtual.now(),
      setTimer: (fire, ms, hold) => virtual.setTimer(fire, ms, hold),
    };
    const tokens = new Tokens(
      { token: () => ({ token: 't', expiresAt: Date.now() + 20 }) },
      undefined,
      clock,
      signal,
    );
    await tokens.get();
    await new Promise((resolve) => setTimeout(resolve, 25));
    expect(tokens.current).to.equal(undefined);
  });
});
