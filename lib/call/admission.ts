import type { Bucket } from '../classify/rate-limit.ts';
import type { Gate } from '../gate/gate.ts';
import type { Passage } from '../gate/passage.ts';
import { Permit } from '../gate/permit.ts';
import type { Ask, Place } from '../gate/place.ts';
import type { CallSettings } from '../policy/call-settings.ts';
import type { Decision } from '../policy/decide.ts';
import { ClosedError, OutageError, WaitError } from '../words/errors.ts';
import type { Amounts, Costs, RequestFacts } from '../words/types.ts';
import type { Pass } from './attempt.ts';
import type { CallContext } from './context.ts';
import type { Lifetime } from './lifetime.ts';
import { signable, signedRecord } from './signing.ts';
import { warnOfWithheld } from './token-hints.ts';
import type { Tokens } from './tokens.ts';

/** Notified when an attempt is queued, with its minimum wait in ms. */
export interface Waits {
  queued(waitMs: number): void;
}

/** Takes one call through the gate, attempt by attempt; also serves as the request for each permit. */
export class Admission implements Ask {
  resend = false;
  request: RequestFacts | undefined;
  usual: Amounts | undefined;
  amounts: Ask['amounts'];
  readonly #context: CallContext;
  readonly #lifetime: Lifetime;
  readonly #settings: CallSettings;
  readonly #waits: Waits;
  /** Origin of the call's first request, if the user chose it. */
  readonly #home: string | undefined;
  /** Moment by which a wait for a permit must end; absent without a limit. */
  #inlineAt: number | undefined;
  #gate: Passage<Gate> | undefined;

  constructor(
    context: CallContext,
    lifetime: Lifetime,
    settings: CallSettings,
    home: string | undefined,
    waits: Waits,
  ) {
    this.#context = context;
    this.#lifetime = lifetime;
    this.#settings = settings;
    this.#home = home;
    this.#waits = waits;
  }

  get priority(): number {
    return this.#settings.priority;
  }

  get cost(): Costs | undefined {
    return this.#settings.cost;
  }

  get flow(): string | undefined {
    return this.#settings.flow;
  }

  /** Key of the quota last asked for a permit, granted or not. */
  get quota(): string {
    return this.#gate?.key ?? '';
  }

  /** Key of the quota that makes the call wait longest. */
  get holding(): string {
    return this.#holding(this.#context.clock.now()).key;
  }

  get deadlineAt(): number {
    const { deadlineAt } = this.#lifetime;
    return this.#inlineAt === undefined ? deadlineAt : Math.min(deadlineAt, this.#inlineAt);
  }

  /** The error for a wait that cannot end in time. */
  late(waitMs: number): Error {
    const now = this.#context.clock.now();
    if (now + waitMs <= (this.#inlineAt ?? Infinity)) return this.#lifetime.late(waitMs);
    return new WaitError(now + waitMs, waitMs, this.#holding(now).key);
  }

  /** The error for a server that is out; `undefined` if the call waits for its return. */
  out(waitMs: number, quota: string): Error | undefined {
    return this.#settings.policy.outage === 'fail'
      ? new OutageError(this.#context.clock.now() + waitMs, waitMs, quota)
      : undefined;
  }

  /**
   * The Headgate error for a decision that ends the call; `undefined` if the client's own error says enough.
   */
  why(decision: Decision & { readonly resend: false }): Error | undefined {
    const { reason, waitMs = 0 } = decision;
    if (reason === 'terminal') return undefined;
    const now = this.#context.clock.now();
    const at = now + waitMs;
    if (reason === 'wait') return new WaitError(at, waitMs, this.#holding(now).key);
    const out = this.#gate?.gates.find((gate) => gate.probeIn(now) !== undefined);
    if (reason === 'outage') return new OutageError(at, waitMs, out?.key ?? this.quota);
    return reason === 'deadline' ? this.#lifetime.late(decision.waitMs) : undefined;
  }

  /** Gets a pass; synchronously if neither the permit nor the token needs a wait. */
  enter(request: RequestFacts, resend: boolean, askedAt: number, at: number = askedAt): Pass | Promise<Pass> {
    const { clock } = this.#context;
    this.#throwIfOver(at);
    const tokens = this.#tokensFor(request);
    if (tokens && tokens.current === undefined) {
      return this.#lifetime.wait(tokens.get()).then(() => this.enter(request, resend, askedAt, clock.now()));
    }
    const { inlineMs = Infinity } = this.#settings.policy;
    if (inlineMs < Infinity) this.#inlineAt = at + inlineMs;
    this.#gate = this.#context.passageOf(request, this.#settings.quota);
    this.usual = this.#context.profile.cost?.(request);
    if (this.cost) this.priced(this.cost);
    this.amounts = undefined;
    this.resend = resend;
    this.request = request;
    const granted = this.#gate.acquire(this, at);
    if (granted instanceof Permit) {
      return this.#pass(granted, request, tokens?.current, askedAt, at);
    }
    if (granted.held) this.#waits.queued(granted.expectedMs);
    this.#lifetime.onInterrupt((error) => granted.leave(error));
    if (this.#inlineAt !== undefined) this.#limit(granted, this.#inlineAt);
    // Not an async function: each of 100,000 queued attempts would retain its whole scope.
    return granted.permit.then((permit) => this.#granted(permit, request, askedAt, tokens));
  }

  /** Ends a wait of unknown length once it takes longer than the call may wait. */
  #limit(place: Place, until: number): void {
    const { clock, schedule } = this.#context;
    if (until >= this.#lifetime.deadlineAt) return;
    const entry = schedule.at(until, false, () => {
      const now = clock.now();
      const { key, at } = this.#holding(now);
      const waitMs = Math.max(at - now, this.#settings.policy.inlineMs ?? 0);
      place.leave(new WaitError(now + waitMs, waitMs, key));
    });
    const done = (): void => entry.cancel();
    place.permit.then(done, done);
  }

  /** The quota that makes the call wait longest, and until when. */
  #holding(now: number): { readonly key: string; readonly at: number } {
    const gates = this.#gate?.gates ?? [];
    let holding = { key: gates.find((gate) => gate.holds(1, now))?.key ?? this.quota, at: now };
    for (const gate of gates) {
      const at = gate.expectedAt(1, this, now);
      if (at > holding.at) holding = { key: gate.key, at };
    }
    return holding;
  }

  priced(cost: Costs): void {
    this.#context.priced({ cost, usual: this.usual }, this.#gate?.gates ?? []);
  }

  declaredGates(): readonly Gate[] {
    return this.request ? this.#context.declaredGatesOf(this.request, this.#settings.quota) : [];
  }

  serverGates(): readonly Gate[] {
    return this.request ? this.#context.serverGatesOf(this.request, this.#settings.quota) : [];
  }

  /** The server named the bucket that an attempt drew on. */
  bucketed(permit: Permit, request: RequestFacts, bucket: Bucket | undefined): void {
    if (bucket && permit.named(bucket.name) === undefined)
      this.#context.bucketed(request, this.#settings.quota, bucket);
  }

  /** @internal Re-queues under the quota that now matches; only its position is lost. */
  move(place: Place): void {
    try {
      const now = this.#context.clock.now();
      this.#throwIfOver(now);
      this.#gate = this.#context.passageOf(this.request as RequestFacts, this.#settings.quota);
      const granted = this.#gate.acquire(this, now, place);
      if (granted instanceof Permit) place.grant(granted);
      else if (place.held) this.#waits.queued(place.expectedMs);
    } catch (error) {
      place.refuse(error as Error);
    }
  }

  /** Throws the error that prevents the call from continuing at `now`, if any. */
  #throwIfOver(now: number): void {
    this.#lifetime.throwIfOver(now);
    if (this.#context.closed || !this.#lifetime.admitted) throw new ClosedError();
  }

  /** A queued attempt got its permit. */
  #granted(
    permit: Permit,
    request: RequestFacts,
    askedAt: number,
    tokens: Tokens | undefined,
  ): Pass | Promise<Pass> {
    this.#lifetime.onInterrupt(undefined);
    const token = tokens?.current;
    const at = this.#context.clock.now();
    const moved = this.serverGates().some((gate) => !permit.drawsOn(gate));
    // Meanwhile the token may have expired, the call ended, or the server named a quota.
    if (!this.#lifetime.sealed && !moved && (!tokens || token !== undefined)) {
      return this.#pass(permit, request, token, askedAt, at);
    }
    permit.refund();
    return this.enter(request, this.resend, askedAt, at);
  }

  /** Builds the pass; a promise only if `sign` is asynchronous. */
  #pass(
    permit: Permit,
    request: RequestFacts,
    token: string | undefined,
    askedAt: number,
    at: number,
  ): Pass | Promise<Pass> {
    const own = token === undefined ? undefined : { authorization: `Bearer ${token}` };
    const pass = { permit, token, own, at, waitedMs: at - askedAt };
    const { sign } = this.#context;
    if (!sign || !this.#trusts(request)) return pass;
    try {
      const signed = sign(signable(request, own));
      if (typeof (signed as PromiseLike<unknown> | undefined)?.then !== 'function') {
        return { ...pass, own: { ...own, ...signedRecord(signed) } };
      }
      return this.#signed(signed as PromiseLike<unknown>, pass, askedAt);
    } catch (error) {
      permit.refund();
      throw error;
    }
  }

  /** Waits for the signature while holding the permit, at most until the call ends. */
  async #signed(signing: PromiseLike<unknown>, pass: Pass, askedAt: number): Promise<Pass> {
    try {
      const own = { ...pass.own, ...signedRecord(await this.#lifetime.wait(Promise.resolve(signing))) };
      const at = this.#context.clock.now();
      this.#throwIfOver(at);
      return { ...pass, own, at, waitedMs: at - askedAt };
    } catch (error) {
      pass.permit.refund();
      throw error;
    }
  }

  /** The tokens for a request; `undefined` if it gets none. */
  #tokensFor(request: RequestFacts): Tokens | undefined {
    const { tokens } = this.#context;
    return tokens && this.#authorizes(request) ? tokens.of(request) : undefined;
  }

  /** A token goes only to the API's own hosts, and never replaces one that the user set. */
  #authorizes(request: RequestFacts): boolean {
    if (request.headers?.authorization !== undefined) return false;
    if (this.#trusts(request)) return true;
    // No warning for redirects or the requests of a whole process, which may go anywhere: a 401 explains it.
    if (request.bearerless || (this.#gate === undefined && !this.#settings.anyOrigin)) {
      warnOfWithheld(this.#context, request);
    }
    return false;
  }

  /** Whether the request goes to the API's own hosts. */
  #trusts(request: RequestFacts): boolean {
    if (request.unreadable || request.bearerless) return false;
    const { profile } = this.#context;
    return profile.authorizes ? profile.authorizes(request.url) : request.url.origin === this.#home;
  }
}
