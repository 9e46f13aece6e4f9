import type { Bucket } from '../classify/rate-limit.ts';
import { Alarm } from '../time/alarm.ts';
import type { LearnedQuota } from '../words/learned.ts';
import type { QuotaSnapshot } from '../words/snapshot.ts';
import { LONGEST_WAIT_MS, type QuotaRef, type RequestFacts, type Window } from '../words/types.ts';
import type { Priced } from './admitter.ts';
import { Buckets } from './buckets.ts';
import type { GateContext, Pausable } from './context.ts';
import { forecastMs } from './forecast.ts';
import { Gate } from './gate.ts';
import { type HostRefusals, Hosts, type Naming } from './hosts.ts';
import { LinkedList } from './linked-list.ts';
import type { Permit } from './permit.ts';

/** Number of quotas above which idle ones are forgotten, the longest unused first. */
const MOST_GATES = 10_000;
/** Maximum number of quotas examined when one is added: even if three in four are kept, one is forgotten. */
const LOOK = 4;
/** Interval between checks for quotas that may never be used again, in ms, and number examined at each. */
const LOOK_MS = 1000;
const LOOK_LATER = 1000;

const UNSOUND =
  'The profile gave limits that are not numbers of 1 or more, or windows whose length is not valid; they were ignored';

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
  readonly #look: Alarm;
  readonly #inUse = new LinkedList<Permit>();

  constructor(context: Omit<GateContext, 'inUse'>) {
    this.#context = {
      ...context,
      inUse: this.#inUse,
      refused: (...refusal) => this.#refused(...refusal),
      drawn: (gate, url) => this.#drawn(gate, url),
      served: (host, sentAt, now) => {
        if (!this.#hosts.empty) this.#hosts.served(host, sentAt, now);
      },
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

  /** Whether any answer has named a bucket. */
  get hasBuckets(): boolean {
    return !this.#buckets.empty;
  }

  /** The gate of the bucket that a request draws on within `scope`, if known. */
  bucketOf(scope: string, request: RequestFacts): Gate | undefined {
    const bucket = this.#buckets.of(scope, request);
    if (bucket === undefined) return undefined;
    const key = `${scope} bucket=${bucket}`;
    return this.#gates.get(key) ?? this.of({ key, windows: [], bucket });
  }

  /**
   * An answer named a bucket: attempts in flight that are now known to draw on it count there from now on.
   */
  bucketed(scope: string, request: RequestFacts, bucket: Bucket): void {
    if (!this.#buckets.learn(scope, request, bucket)) return;
    for (let permit = this.#inUse.first; permit; permit = permit.next as Permit | undefined) {
      const gate = permit.ask.bucketGate?.() as Gate | undefined;
      if (gate) permit.drawOn(gate);
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

  #refused(quota: string, host: string, untilMs: number, naming: Naming): void {
    const now = this.#context.clock.now();
    const whole = this.#hosts.refused(host, quota, now, untilMs, naming);
    if (!whole) return;
    for (const gate of [...this.#gates.values()]) if (gate.isOf(host)) this.#suspend(gate, now, whole);
  }

  /** Closes a quota that is first used while its host is closed. */
  #drawn(gate: Pausable, url: URL): void {
    if (this.#hosts.empty) return;
    const whole = this.#hosts.whole(url.host);
    if (whole) this.#suspend(gate, this.#context.clock.now(), whole);
  }

  /** Closes a quota because others of its host were refused. */
  #suspend(gate: Pausable, now: number, whole: HostRefusals): void {
    const untilMs = whole.closedUntil;
    const closing = untilMs > now ? gate.pause(untilMs - now, 'header') : undefined;
    if (!closing) return;
    whole.suspended.set(gate, closing.until);
    this.#context.sharePause(gate.key, untilMs - now);
    if (closing.isNews) this.#context.reportPause(gate.key, untilMs);
  }

  #meet(ref: QuotaRef): Gate {
    if (ref.base !== undefined) this.#valued.add(ref.base);
    const gate = new Gate(this.#sound(ref), this.#context);
    this.#gates.set(ref.key, gate);
    this.#line.push(gate);
    this.#context.recallPause(ref.key);
    this.#forget(LOOK);
    return gate;
  }

  #revive(gate: Gate, ref: QuotaRef): void {
    gate.retired = false;
    this.#retired.delete(gate);
    gate.relimit(this.#sound(ref));
  }

  /** A profile's quota without its invalid limits. */
  #sound(ref: QuotaRef): QuotaRef {
    if (isSound(ref)) return ref;
    this.#context.warn('profile-failed', UNSOUND, ref.key);
    const { windows, concurrency } = ref;
    const kept = Array.isArray(windows) ? windows.filter(isWindow) : [];
    return { ...ref, windows: kept, concurrency: isLimit(concurrency) ? concurrency : undefined };
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

function isSound({ windows, concurrency }: QuotaRef): boolean {
  return (
    Array.isArray(windows) && windows.every(isWindow) && (concurrency === undefined || isLimit(concurrency))
  );
}

function isWindow({ limit, per }: Window): boolean {
  return isLimit(limit) && per >= 0 && per <= LONGEST_WAIT_MS;
}

function isLimit(limit: unknown): boolean {
  return typeof limit === 'number' && limit >= 1;
}
