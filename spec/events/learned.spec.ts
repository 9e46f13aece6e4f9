import { expect } from 'chai';
import { headgate, type LearnedEvent } from 'headgate';
import { VirtualClock } from '../support/virtual-clock.ts';

/** What a gate learns of a server that serves this call, so many having begun and so many being in flight. */
async function learnedOf(
  calls: number,
  refuses: (now: number, inFlight: number) => Response | undefined,
): Promise<LearnedEvent[]> {
  const clock = new VirtualClock();
  const gate = headgate({ retry: { deadline: Infinity } }, { clock, random: () => 0.5 });
  const events: LearnedEvent[] = [];
  gate.on('learned', (event) => events.push(event));
  gate.on('warning', () => undefined);
  let inFlight = 0;
  const fetch = gate.fetch(async () => {
    const refusal = refuses(clock.now(), inFlight);
    inFlight += 1;
    await new Promise<void>((resolve) => clock.setTimer(resolve, 20, false));
    inFlight -= 1;
    return refusal ?? new Response('{}');
  });
  const all = Promise.all(Array.from({ length: calls }, () => fetch('https://api.test/')));
  await clock.advance(120_000);
  await all;
  await gate.close();
  return events;
}

describe('A learned event', () => {
  it('tells a window by its kind, with its length', async () => {
    // given 20 a second
    let [opened, served] = [0, 0];
    const learned = await learnedOf(100, (now) => {
      if (now - opened >= 1000) [opened, served] = [now, 0];
      if (served < 20) {
        served += 1;
        return undefined;
      }
      const wait = String(opened + 1000 - now);
      return new Response('', { status: 429, headers: { 'retry-after-ms': wait } });
    });
    // then
    expect(learned).not.to.have.length(0);
    for (const { kind, perMs } of learned) expect([kind, perMs > 0]).to.deep.equal(['window', true]);
  });

  it('tells a limit of attempts in flight by its kind, without a length', async () => {
    // given 4 at once
    const learned = await learnedOf(400, (_now, inFlight) =>
      inFlight < 4 ? undefined : new Response('', { status: 503 }),
    );
    // then
    expect(learned).not.to.have.length(0);
    for (const { kind, perMs } of learned) expect([kind, perMs]).to.deep.equal(['in-flight', 0]);
  });
});
