import type { Bucket } from '../classify/rate-limit.ts';
import { Alarm } from '../time/alarm.ts';
import type { LearnedQuota } from '../words/learned.ts';
import type { QuotaSnapshot } from '../words/snapshot.ts';
import { ACCOUNT, type QuotaRef, type RequestFacts } from '../words/types.ts';
import type { Priced } from './admitter.ts';
import { Buckets } from './buckets.ts';
import type { GateContext } from './context.ts';
import { forecastMs } from './forecast.ts';
import { Gate } from './gate.ts';
import { Hosts } from './hosts.ts';
import { LinkedList } from './linked-list.ts';
import type { Permit } from './permit.ts';
import { sound } from './sound.ts';

/** Number of quotas above which idle ones are forgotten, the longest unused first. */
const MOST_GATES = 10_000;
/** Maximum number of quotas examined when one is added: even if three in four are kept, one is forgotten. */
const LOOK = 4;
/** Interval between checks for quotas that may never be used again, in ms, and number examined at each. */
const LOOK_MS = 1000;
const LOOK_LATER = 1000;

/** End of the key of the quota that all requests to a host share. */
const ACCOUNT_SUFFIX = ' account';
/** Time before its first use from which that quota knows what was served, in ms. */
const RECENT_MS = 60_000;

/** All gates of one `headgate()`, one per quota key. */
export class Gates {
  readonly #context: GateContext;
  readonly #gates = new Map<string, Gate>();
  /** The same gates, the least recently examined first. */
  readonly #line = new LinkedList<Gate>();
  /** Gates of quotas that an update removed. */
  readonly #retired = new Set<Gate>();
  /** Gates whose queued attempts move elsewhere when the pause ends. */
  readonly #leaving = new Set<Gate>();
  /** Keys of declarations that make one quota for each value. */
  readonly #valued = new Set<string>();
  readonly #hosts = new Hosts();
  readonly #buckets = new Buckets();
  /** Whether a server has refused requests to a whole host. */
  #hasAccounts = false;
  readonly #look: Alarm;
  readonly #inUse = new LinkedList<Permit>();

  constructor(context: Omit<GateContext, 'inUse'>) {
    this.#context = {
      ...context,
      inUse: this.#inUse,
      refused: (...refusal) => this.#refused(...refusal),
      served: (...attempt) => this.#served(...attempt),
      resumed: (quota, ...why) => {
        context.resumed(quota, ...why);
        const gate = this.#gates.get(quota);
        if (gate && this.#leaving.delete(gate)) move(gate);
      },
    };
    this.#look = new Alarm(context.schedule, false, () => this.#lookAgain());
  }

  of(ref: QuotaRef): Gate {
    const gate = this.#gates.get(ref.key);
    if (!gate) return this.#meet(ref);
    gate.drawnOn = true;
    if (gate.retired) this.#revive(gate, ref);
    return gate;
  }

  get(key: string): Gate | undefined {
    return this.#gates.get(key);
  }

  /** Sets the limits of this quota, or of each of its values. */
  relimit(ref: QuotaRef): void {
    for (const gate of this.made(ref.key)) {
      this.#leaving.delete(gate);
      this.#revive(gate, { ...ref, key: gate.key, base: gate.base });
    }
  }

  /** Queues all waiting attempts anew, in order, for the quotas that they draw on now. */
  reseat(): void {
    const places = [...this.#gates.values()].flatMap((gate) => gate.vacate());
    for (const place of places.sort((a, b) => a.number - b.number)) place.ask.move(place);
  }

  /**
   * The quota was removed. Queued attempts move to the quota that now matches them, after the current pause
   * if there is one, since the server asked for it. What is in use still counts if the quota comes back.
   */
  retire(key: string): void {
    for (const gate of this.made(key)) {
      gate.retired = true;
      this.#retired.add(gate);
      if (!this.#look.isSet) this.#lookLater();
      if (gate.reopensIn(this.#context.clock.now()) > 0) this.#leaving.add(gate);
      else move(gate);
    }
  }

  /**
   * Also counts attempts in flight under quotas that an update adds or restores: the server counts them too.
   */
  recount(keys: ReadonlySet<string>): void {
    if (keys.size === 0) return;
    for (let permit = this.#inUse.first; permit; permit = permit.next as Permit | undefined) {
      for (const gate of permit.ask.declaredGates?.() ?? []) if (keys.has(gate.base)) permit.countAt(gate);
    }
  }

  /** Whether any answer has named a bucket, or the account. */
  get hasNamed(): boolean {
    return this.#hasAccounts || !this.#buckets.empty;
  }

  /** The gates that servers have named for such a request: of its bucket within `scope`, and of its account. */
  serverGates(scope: string, request: RequestFacts): readonly Gate[] {
    const bucket = this.#buckets.of(scope, request);
    const gates =
      bucket === undefined ? [] : [this.of({ key: `${scope} bucket=${bucket}`, windows: [], bucket })];
    const account = this.#hasAccounts && this.#gates.get(request.url.host + ACCOUNT_SUFFIX);
    return account ? [...gates, account] : gates;
  }

  /**
   * An answer named a bucket, or the account: attempts in flight that draw on it count there from now on.
   */
  bucketed(scope: string, request: RequestFacts, bucket: Bucket): void {
    if (bucket.kind === 'account') this.#accountOf(request.url.host);
    else if (this.#buckets.learn(scope, request, bucket)) this.#redraw();
  }

  /** Attempts in flight also draw on the quotas that servers have named since. */
  #redraw(): void {
    for (let permit = this.#inUse.first; permit; permit = permit.next as Permit | undefined) {
      for (const gate of permit.ask.serverGates?.() ?? []) permit.drawOn(gate as Gate);
    }
  }

  snapshot(): QuotaSnapshot[] {
    const now = this.#context.clock.now();
    const all = [...this.#gates.values()].map((gate) => ({
      gate,
      shown: {
        ...gate.snapshot(),
        retryBudget: gate.budget.left(now),
        ...(gate.queued > 0 && { forecastMs: this.forecast([gate], 0) }),
      },
    }));
    return all
      .filter(({ gate, shown }) => !gate.retired || shown.inFlight + shown.queued > 0)
      .map(({ shown }) => shown);
  }

  /**
   * ms until `calls` further calls, priced like `ask`, would have passed these gates behind those waiting
   * now.
   */
  forecast(gates: readonly Gate[], calls: number, ask?: Priced): number {
    return forecastMs(gates, calls, ask, this.#context);
  }

  /** What was learned, by quota; quotas not used in this run keep their earlier record, with its age. */
  learned(): Record<string, LearnedQuota> {
    const now = this.#context.clock.now();
    const all = new Map(this.#context.known);
    for (const [key, gate] of this.#gates) {
      const known = gate.retired ? undefined : gate.known(now);
      if (known) all.set(key, known);
      else all.delete(key);
    }
    return Object.fromEntries(all);
  }

  async close(error: Error): Promise<void> {
    this.#look.clear();
    await Promise.all([...this.#gates.values()].map((gate) => gate.close(error)));
  }

  /** The gate of a quota that another process closed, or of a host's account unknown here. Profiles' keys have slashes. */
  ofPeer(key: string): Gate | undefined {
    const host = key.endsWith(ACCOUNT_SUFFIX) ? key.slice(0, -ACCOUNT_SUFFIX.length) : '/';
    return this.#gates.get(key) ?? (host.includes('/') ? undefined : this.#accountOf(host));
  }

  /** The gates of a quota: one, or one for each value. */
  made(key: string): readonly Gate[] {
    const gate = this.#gates.get(key);
    if (gate) return [gate];
    return this.#valued.has(key) ? [...this.#gates.values()].filter(({ base }) => base === key) : [];
  }

  /** The same; creates the gate if there is none. */
  named(ref: QuotaRef): readonly Gate[] {
    const made = this.made(ref.key);
    return made.length > 0 ? made : [this.of(ref)];
  }

  /** A quota was refused: closes the account if that seems to concern the whole host. */
  #refused(quota: string, host: string, untilMs: number): void {
    const now = this.#context.clock.now();
    const until = this.#hosts.refused(host, quota, now, untilMs);
    const closing = until && this.#accountOf(host).pause(until - now, 'header');
    if (!closing) return;
    this.#context.sharePause(closing.quota, closing.until - now);
    if (closing.isNews) this.#context.reportPause(closing.quota, closing.until);
  }

  /** An attempt was served: reopens the account if it was closed by mistake. */
  #served(host: string, sentAt: number, now: number): void {
    const until = this.#hosts.served(host, sentAt, now);
    if (until) this.#accountOf(host).lift(until);
  }

  /** The quota of a host's account, on which all requests to it draw from now on. It knows what the other quotas served. */
  #accountOf(host: string): Gate {
    const key = host + ACCOUNT_SUFFIX;
    const known = this.#gates.get(key);
    if (known) return known;
    const served: number[] = [];
    const from = this.#context.clock.now() - RECENT_MS;
    for (const gate of this.#gates.values()) {
      if (gate.isFirst && gate.isOf(host))
        gate.quota.adaptive?.learner?.past.log.replay(from, (at) => served.push(at));
    }
    const account = this.of({ key, windows: [], bucket: ACCOUNT });
    const learner = account.quota.adaptive?.learner;
    if (learner) {
      learner.paces = false;
      for (const at of served.sort((a, b) => a - b)) learner.past.log.push(at);
    }
    this.#hasAccounts = true;
    this.#redraw();
    return account;
  }

  #meet(ref: QuotaRef): Gate {
    if (ref.base !== undefined) this.#valued.add(ref.base);
    const gate = new Gate(sound(ref, this.#context.warn), this.#context);
    this.#gates.set(ref.key, gate);
    this.#line.push(gate);
    this.#context.recallPause(ref.key);
    this.#forget(LOOK);
    return gate;
  }

  #revive(gate: Gate, ref: QuotaRef): void {
    gate.retired = false;
    this.#retired.delete(gate);
    gate.relimit(sound(ref, this.#context.warn));
  }

  /**
   * Forgets idle quotas if there are too many. Gates kept move to the end of the line, so they block no
   * others.
   */
  #forget(most: number): void {
    if (this.#gates.size <= MOST_GATES) return;
    const now = this.#context.clock.now();
    for (let looked = 0; looked < most && this.#gates.size > MOST_GATES; looked += 1) {
      const gate = this.#line.first as Gate;
      const kept = gate.drawnOn || !gate.idle(now);
      gate.drawnOn = false;
      if (!kept) this.#remove(gate);
      else {
        this.#line.remove(gate);
        this.#line.push(gate);
      }
    }
    if (!this.#look.isSet) this.#lookLater();
  }

  #lookLater(): void {
    this.#look.set(this.#context.clock.now() + LOOK_MS);
  }

  #lookAgain(): void {
    const now = this.#context.clock.now();
    // A gate held only while a refusal was read, and not closed by it, emits no resume.
    for (const gate of this.#leaving) if (gate.reopensIn(now) === 0 && this.#leaving.delete(gate)) move(gate);
    for (const gate of this.#retired) if (gate.idle(now)) this.#remove(gate);
    this.#forget(LOOK_LATER);
    if (this.#retired.size > 0 && !this.#look.isSet) this.#lookLater();
  }

  #remove(gate: Gate): void {
    this.#gates.delete(gate.key);
    this.#line.remove(gate);
    this.#retired.delete(gate);
    this.#leaving.delete(gate);
    void gate.close(new Error('forgotten'));
  }
}

/** Moves all queued attempts to the gates that now match them. */
function move(gate: Gate): void {
  for (const place of gate.vacate()) place.ask.move(place);
}
