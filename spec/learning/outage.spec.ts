import { expect } from 'chai';
import { Outage } from '../../lib/learning/outage/outage.ts';

describe('An outage that other processes see too', () => {
  let outage: Outage;
  let now: number;

  beforeEach(() => {
    outage = new Outage(() => 0);
    now = 1000;
  });

  let calls = 0;
  /** An attempt of another call fails after 10 ms. */
  const fail = (): boolean => {
    outage.taken(now, 10);
    now += 10;
    calls += 1;
    return outage.failed(now, now - 10, calls, `GET /${calls % 5}`);
  };

  it('is believed at the first failure here, and left to the other process to probe', () => {
    outage.told(now, 200);
    expect(outage.on).to.equal(false);
    expect(outage.turnAt(3)).to.equal(-Infinity);
    expect(fail()).to.equal(true);
    expect(outage.turnAt(0)).to.equal(1000 + 200 + 1000);
    expect(outage.probesIn(now)).to.equal(Infinity);
  });

  it('is over as soon as the other process is served', () => {
    outage.told(now, 200);
    fail();
    outage.told(now, 0);
    expect(outage.on).to.equal(false);
    // Released gradually.
    expect(outage.turnAt(1)).to.equal(-Infinity);
    expect(outage.turnAt(2)).to.be.above(0);
  });

  it('is not believed for long: the other process may be gone', () => {
    outage.told(now, 200);
    now += 1201;
    expect(fail()).to.equal(false);
  });

  it('is probed here once the other process stops probing', () => {
    outage.told(now, 200);
    fail();
    now = outage.turnAt(0);
    expect(now).to.equal(2200);
    fail();
    expect(outage.probesIn(now)).to.be.within(100, 200);
  });

  it('is probed by whichever process probes first', () => {
    for (let failure = 0; failure < 5; failure += 1) fail();
    expect(outage.on).to.equal(true);
    const mine = outage.turnAt(0);
    outage.told(now, mine - now + 10);
    expect(outage.turnAt(0)).to.equal(mine);
    outage.told(now, mine - now - 10);
    expect(outage.turnAt(0)).to.equal(mine - 10 + 1000);
  });

  it('is probed here after a while even if the other process keeps failing: its network may be what is broken', () => {
    outage.told(now, 200);
    fail();
    const mine = outage.turnAt(0);
    for (const later of [300, 600, 900]) outage.told(now + later, 200);
    expect(outage.turnAt(0)).to.equal(mine);
    now = mine;
    outage.taken(now, 10);
    outage.served();
    expect(outage.on).to.equal(false);
  });

  it('holds no attempt for longer than a few seconds, whatever is reported', () => {
    outage.told(now, 1e300);
    fail();
    expect(outage.turnAt(0) - now).to.be.below(8000);
  });

  it('does not stop a process that is served', () => {
    outage.told(now, 200);
    outage.taken(now, 10);
    outage.served();
    expect(outage.turnAt(100)).to.equal(-Infinity);
  });
});
