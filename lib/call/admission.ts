import type { Gate } from '../gate/gate.ts';
import { type Ask, Permit, type Place } from '../gate/permit.ts';
import { ClosedError } from '../words/errors.ts';
import type { RequestFacts } from '../words/types.ts';
import type { Pass } from './attempt.ts';
import type { CallContext } from './context.ts';
import type { Lifetime } from './lifetime.ts';
import type { CallSettings } from './settings.ts';
import { signable, signedRecord } from './signing.ts';
import { warnOfWithheld } from './withheld.ts';

/** Told when an attempt has to wait, and how long at the least, in ms. */
export interface Waits {
  queued(waitMs: number): void;
}

/** One call's way through the gate, attempt after attempt; it is itself what is asked for each of them. */
export class Admission implements Ask {
  readonly priority: number;
  resend = false;
  request: RequestFacts | undefined;
  readonly #context: CallContext;
  readonly #lifetime: Lifetime;
  readonly #quota: string | undefined;
  readonly #waits: Waits;
  /** Origin of the call's first request, if its user chose it. */
  readonly #home: string | undefined;
  readonly #anyOrigin: boolean;
  #gate: Gate | undefined;

  constructor(
    context: CallContext,
    lifetime: Lifetime,
    { priority, quota, anyOrigin }: Pick<CallSettings, 'priority' | 'quota' | 'anyOrigin'>,
    home: string | undefined,
    waits: Waits,
  ) {
    this.#context = context;
    this.#lifetime = lifetime;
    this.priority = priority;
    this.#quota = quota;
    this.#anyOrigin = anyOrigin;
    this.#home = home;
    this.#waits = waits;
  }

  /** Key of the quota last asked; it may not have granted anything yet. */
  get quota(): string {
    return this.#gate?.key ?? '';
  }

  get deadlineAt(): number {
    return this.#lifetime.deadlineAt;
  }

  /** The error for a wait that cannot end in time. */
  late(waitMs: number): Error {
    return this.#lifetime.late(waitMs);
  }

  /** A pass; synchronously when neither permit nor token has to be waited for. */
  enter(request: RequestFacts, resend: boolean, askedAt: number, at: number = askedAt): Pass | Promise<Pass> {
    const { clock, tokens } = this.#context;
    this.#refuse(at);
    const authorize = tokens !== undefined && this.#authorizes(request);
    if (authorize && tokens.current === undefined) {
      return this.#lifetime.wait(tokens.get()).then(() => this.enter(request, resend, askedAt, clock.now()));
    }
    this.#gate = this.#context.gateOf(request, this.#quota);
    this.resend = resend;
    this.request = request;
    const granted = this.#gate.acquire(this, at);
    if (granted instanceof Permit) {
      return this.#pass(granted, request, authorize ? tokens.current : undefined, askedAt, at);
    }
    if (granted.held) this.#waits.queued(granted.expectedMs);
    this.#lifetime.onInterrupt((error) => granted.leave(error));
    // No async function: of a hundred thousand that wait, each would keep all that it knows.
    return granted.permit.then((permit) => this.#granted(permit, request, askedAt, authorize));
  }

  declaredGate(): Gate | undefined {
    return this.request && this.#context.declaredGateOf(this.request, this.#quota);
  }

  /** @internal Waits on under the quota that applies now: it has lost nothing but its place in the line. */
  move(place: Place): void {
    try {
      const now = this.#context.clock.now();
      this.#refuse(now);
      this.#gate = this.#context.gateOf(this.request as RequestFacts, this.#quota);
      const granted = this.#gate.acquire(this, now, place);
      if (granted instanceof Permit) place.grant(granted);
      else if (place.held) this.#waits.queued(place.expectedMs);
    } catch (error) {
      place.refuse(error as Error);
    }
  }

  /** Throws what keeps the call from going on at `now`. */
  #refuse(now: number): void {
    this.#lifetime.refuse(now);
    if (this.#context.closed || !this.#lifetime.admitted) throw new ClosedError();
  }

  /** A permit came to one who waited. */
  #granted(permit: Permit, request: RequestFacts, askedAt: number, authorize: boolean): Pass | Promise<Pass> {
    const { clock, tokens } = this.#context;
    this.#lifetime.onInterrupt(undefined);
    const token = authorize ? tokens?.current : undefined;
    const at = clock.now();
    // The token may have grown old, or the call may have ended, while the permit was on its way.
    if (!this.#lifetime.sealed && (!authorize || token !== undefined)) {
      return this.#pass(permit, request, token, askedAt, at);
    }
    permit.refund();
    return this.enter(request, this.resend, askedAt, at);
  }

  /** All that an attempt needs, from `at` on; a promise only where its headers are signed asynchronously. */
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

  /** Waits for the signature with the permit in hand, no longer than the call may. */
  async #signed(signing: PromiseLike<unknown>, pass: Pass, askedAt: number): Promise<Pass> {
    try {
      const own = { ...pass.own, ...signedRecord(await this.#lifetime.wait(Promise.resolve(signing))) };
      const at = this.#context.clock.now();
      this.#refuse(at);
      return { ...pass, own, at, waitedMs: at - askedAt };
    } catch (error) {
      pass.permit.refund();
      throw error;
    }
  }

  /** A token goes to the API's own hosts only, and never replaces one that the user set. */
  #authorizes(request: RequestFacts): boolean {
    if (request.headers?.authorization !== undefined) return false;
    if (this.#trusts(request)) return true;
    // A redirect may lead anywhere, and so may the requests of a whole process: of these only a 401 tells.
    if (request.bearerless || (this.#gate === undefined && !this.#anyOrigin)) {
      warnOfWithheld(this.#context, request);
    }
    return false;
  }

  /** The request goes to the API's own hosts. */
  #trusts(request: RequestFacts): boolean {
    if (request.unreadable || request.bearerless) return false;
    const { profile } = this.#context;
    return profile.authorizes ? profile.authorizes(request.url) : request.url.origin === this.#home;
  }
}
