import { ManualPauses } from './by-hand.ts';
import { Call, type OpenCall } from './call/call.ts';
import { Calls } from './call/calls.ts';
import type { CallContext } from './call/context.ts';
import { TokenBook } from './call/tokens.ts';
import type { Bucket } from './classify/rate-limit.ts';
import { Readings } from './classify/readings.ts';
import { Emitter } from './events/emitter.ts';
import type { Redaction } from './events/secret-names.ts';
import { Warnings } from './events/warnings.ts';
import { forecast } from './forecasting.ts';
import type { Priced } from './gate/admitter.ts';
import type { Gate } from './gate/gate.ts';
import { Gates } from './gate/gates.ts';
import type { Passage } from './gate/passage.ts';
import { QueueLimit } from './gate/queue-limit.ts';
import type {
  CloseOptions,
  Environment,
  ForecastOptions,
  ForecastRequest,
  PauseOptions,
} from './headgate-types.ts';
import type { LedgerObserver } from './ledger/ledger.ts';
import { anyOf, DeclaredQuotas } from './options/quotas.ts';
import {
  readCallOptions,
  readCloseOptions,
  readForecast,
  readOptions,
  updated,
  withPolicy,
} from './options/read.ts';
import type { HeadgateOptions, HeadgateUpdate, QuotaMatch } from './options/types.ts';
import type { Random } from './policy/backoff.ts';
import { follow } from './policy-following.ts';
import { QuotaEvents } from './quota-events.ts';
import { type Clock, systemClock } from './time/clock.ts';
import { Schedule } from './time/schedule.ts';
import type { Sign } from './words/auth.ts';
import { ClosedError } from './words/errors.ts';
import { fresh, type Learned } from './words/learned.ts';
import type { QuotaSnapshot } from './words/snapshot.ts';
import type { Notice, Outcome, Profile, QuotaRef, RequestFacts } from './words/types.ts';

const UNREADABLE: Notice = {
  code: 'unreadable-request',
  message:
    "A request's URL cannot be read, so it uses this quota and carries no token. Give the client absolute http(s) URLs, or gate.undici({ origin }) the pool's origin",
};

/** Wires profile, policy, gates and events together, without any client. */
export class Core implements CallContext {
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly schedule: Schedule;
  readonly emitter: Emitter = new Emitter();
  readonly profile: Profile;
  readonly tokens: TokenBook | undefined;
  readonly sign: Sign | undefined;
  /** Options as the user gave them; updates are merged into them. */
  #options: HeadgateOptions;
  #declared!: DeclaredQuotas;
  /** Settings of calls without options. */
  #callSettings: Pick<ReturnType<typeof readOptions>, 'call' | 'overrides'>;
  readonly #gates: Gates;
  readonly readings: Readings;
  readonly #detach: (() => Promise<void>) | undefined;
  readonly #warnings: Warnings;
  readonly redact: readonly Redaction[];
  readonly #life = new AbortController();
  readonly life: AbortSignal = this.#life.signal;
  readonly calls: Calls = new Calls();
  #closing: Promise<void> | undefined;
  readonly #manualPauses: ManualPauses;

  constructor(given: HeadgateOptions, { clock = systemClock, random = Math.random }: Environment) {
    const options = withPolicy(given);
    const settings = readOptions(options);
    this.#options = options;
    this.profile = settings.profile;
    this.readings = new Readings(settings.profile, this.warn, anyOf(settings.readBody));
    this.name = settings.name;
    this.clock = clock;
    this.random = random;
    this.redact = settings.redact;
    this.#warnings = new Warnings(this.emitter, clock, this.name);
    this.schedule = new Schedule(clock);
    this.#callSettings = settings;
    this.#declare(settings);
    this.tokens = settings.auth && new TokenBook(settings.auth, this.profile, clock, this.#life.signal);
    this.sign = settings.sign;
    const events = new QuotaEvents(this.emitter, clock, this.name);
    const observer: LedgerObserver = {
      now: () => clock.now(),
      degraded: (message) => events.ledger('degraded', message),
      restored: (message) => events.ledger('restored', message),
      paused: (quota, ms, silent) => {
        const until = clock.now() + ms;
        const gate = this.#declared.refs.has(quota) ? this.#gates.get(quota) : this.#gates.ofPeer(quota);
        if (gate?.pause(ms, 'peer', silent)?.isNews) events.paused(quota, until, 'peer');
      },
    };
    this.#gates = new Gates({
      clock,
      random,
      schedule: this.schedule,
      ledger: settings.ledger,
      queueLimit: new QueueLimit(settings.maxQueue, settings.maxQueuePerFlow),
      sharePause: (quota, ms, tryMs) => settings.ledger.pause?.(quota, ms, observer, tryMs),
      recallPause: (quota) => settings.ledger.recall?.(quota, observer),
      warn: this.warn,
      resumed: (...resumed) => {
        this.#manualPauses.over(resumed[0]);
        events.resumed(...resumed);
      },
      reportPause: (quota, untilMs) => events.paused(quota, untilMs, 'header'),
      adaptive: settings.adaptive,
      known: fresh(settings.learned, clock.now()),
      learned: (...learned) => events.learned(...learned),
      near: (...near) => events.near(...near),
    });
    const paused = (quota: string, untilMs: number) => events.paused(quota, untilMs, 'manual');
    this.#manualPauses = new ManualPauses(this.#gates, {
      clock,
      life: this.life,
      refOf: this.#refOf,
      paused,
    });
    this.#detach = settings.ledger.attach?.(observer);
    if (options.policy) follow(options.policy, this);
  }

  get closed(): boolean {
    return this.life.aborted;
  }

  quotas(): QuotaSnapshot[] {
    return this.#gates.snapshot();
  }

  learned(): Learned {
    return this.#gates.learned();
  }

  forecast(quota: string | ForecastRequest, options: ForecastOptions = {}): number {
    return forecast(readForecast(quota, options), this.#gates, this.#declared, this);
  }

  update(options: HeadgateUpdate): void {
    const merged = updated(this.#options, options);
    const settings = readOptions(merged);
    this.#options = merged;
    this.#callSettings = settings;
    const before = this.#declared;
    this.#declare(settings);
    if (this.closed) return;
    const { refs } = this.#declared;
    for (const ref of refs.values()) this.#gates.relimit(ref);
    this.#gates.recount(new Set([...refs.keys()].filter((key) => !before.refs.has(key))));
    for (const key of before.refs.keys()) if (!refs.has(key)) this.#gates.retire(key);
    // Queued attempts do not wait yet for quotas that now apply in addition to theirs.
    if ([...this.#declared.also].some((key) => !before.also.has(key))) this.#gates.reseat();
  }

  pause(quota: string | QuotaMatch, options: PauseOptions): void {
    this.#manualPauses.pause(quota, options);
  }

  resume(quota: string | QuotaMatch): void {
    this.#manualPauses.resume(quota);
  }

  async close(options: CloseOptions = {}): Promise<void> {
    const drainMs = readCloseOptions(options);
    if (drainMs === 0) this.calls.hurry();
    this.#closing ??= drainMs > 0 ? this.#drain(drainMs) : this.#close();
    await this.#closing;
  }

  passageOf(request: RequestFacts, quota: string | undefined): Passage<Gate> {
    const own = this.#declaredOf(request, quota);
    const [first, ...others] = own
      ? [own]
      : quota === undefined
        ? this.#undeclared(request)
        : [this.#unknown(quota)];
    const notice = request.unreadable ? UNREADABLE : this.profile.notice?.(request);
    if (notice) this.warn(notice.code, notice.message, first.key);
    let { passage } = this.#gates.of(first);
    for (const ref of others) passage = passage.and(this.#gates.of(ref));
    for (const ref of this.#declared.besides(request)) passage = passage.and(this.#gates.of(ref));
    for (const gate of this.serverGatesOf(request, quota, first)) passage = passage.and(gate);
    return this.#manualPauses.through(passage, request);
  }

  serverGatesOf(request: RequestFacts, quota: string | undefined, first?: QuotaRef): readonly Gate[] {
    if (!this.#gates.hasNamed || request.unreadable) return [];
    return this.#gates.serverGates(this.#scopeOf(request, quota, first), request);
  }

  bucketed(request: RequestFacts, quota: string | undefined, bucket: Bucket): void {
    if (!request.unreadable) this.#gates.bucketed(this.#scopeOf(request, quota), request, bucket);
  }

  /**
   * The scope within which bucket names are unique for a request: the names that servers give do not tell.
   */
  #scopeOf(request: RequestFacts, quota: string | undefined, first?: QuotaRef): string {
    if (quota !== undefined) return quota;
    const { key, base, scope } =
      first ?? this.#declaredOf(request, undefined) ?? this.#undeclared(request)[0];
    return scope ?? (this.#declared.refs.has(key) && base === undefined ? request.url.origin : key);
  }

  declaredGatesOf(request: RequestFacts, quota: string | undefined): readonly Gate[] {
    const own = this.#declaredOf(request, quota);
    return [...(own ? [own] : []), ...this.#declared.besides(request)].map((ref) => this.#gates.of(ref));
  }

  /** Applies the declared quotas. Warns of their costs in units that nothing counts. */
  #declare({ quotas, profile }: ReturnType<typeof readOptions>): void {
    this.#declared = new DeclaredQuotas(quotas, profile);
    for (const ref of this.#declared.refs.values()) this.priced(ref, []);
  }

  #declaredOf(request: RequestFacts, quota: string | undefined): QuotaRef | undefined {
    return quota === undefined ? this.#declared.match(request) : this.#declared.named(quota, request);
  }

  /** The quotas of a request that matches no declared quota. */
  #undeclared(request: RequestFacts): readonly [QuotaRef, ...QuotaRef[]] {
    if (request.unreadable) return [{ key: this.name, windows: [] }];
    const { profile } = this;
    const refs = profile.quotas?.(request) ?? [];
    const all = refs.length > 0 ? refs : [profile.quota(request)];
    const spent = profile.spent && ((outcome: Outcome) => profile.spent?.(outcome));
    return (spent ? all.map((ref) => ({ spent, ...ref })) : all) as [QuotaRef, ...QuotaRef[]];
  }

  /** The quota of this name, even if nothing has drawn on it yet. */
  readonly #refOf = (name: string): QuotaRef => this.#declared.refs.get(name) ?? this.#unknown(name);

  /** A quota that a call names but nobody declared; it has no known limit. */
  #unknown(name: string): QuotaRef {
    const doubt = this.#gates.get(name) ? undefined : this.#declared.suspicion(name);
    if (doubt !== undefined) this.warn('unknown-quota', doubt, name);
    return { key: name, windows: [] };
  }

  priced(ask: Priced, gates: readonly Gate[]): void {
    for (const [unit, advice] of this.#declared.uncounted(ask, gates))
      this.warn('unknown-unit', `No limit counts '${unit}'; ${advice}`);
  }

  readonly warn = (code: string, message: string, quota?: string): void =>
    this.#warnings.warn(code, message, quota);

  async #drain(ms: number): Promise<void> {
    const tell = (state: 'draining' | 'closed'): void =>
      this.emitter.emit('close', { at: this.clock.now(), gate: this.name, state, open: this.calls.open });
    tell('draining');
    await this.calls.drain(ms, this.clock, this.schedule);
    tell('closed');
    await this.#close();
  }

  async #close(): Promise<void> {
    const error = new ClosedError();
    this.#life.abort(error);
    await this.#gates.close(error);
    await this.#detach?.();
    this.emitter.close();
  }

  /** Opens a call; `asked` are its own options. */
  protected readonly open: OpenCall = (asked, request) =>
    new Call(this, this.#settingsOf(asked, request), request);

  /** Opens a call that may go to any host. */
  protected readonly openAnywhere: OpenCall = (asked, request) =>
    new Call(this, { ...this.#settingsOf(asked, request), anyOrigin: true }, request);

  #settingsOf(asked: unknown, request: RequestFacts) {
    const { call, overrides } = this.#callSettings;
    const named = (asked as { quota?: string } | null | undefined)?.quota;
    const settings = overrides?.of(request, () => this.#keysOf(request, named)) ?? call;
    return asked === undefined ? settings : readCallOptions(asked, settings);
  }

  /** Keys of the quotas that a request draws on, and of the declarations that made them. */
  #keysOf(request: RequestFacts, quota: string | undefined): readonly string[] {
    const own = this.#declaredOf(request, quota);
    const refs = own ? [own] : quota === undefined ? this.#undeclared(request) : [];
    const all = [...refs, ...this.#declared.besides(request)];
    return all.flatMap(({ key, base = key }) => [key, base]).concat(quota ?? []);
  }
}
