import type { Conference, Party } from '../ledger/ledger.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { LearnedCause } from '../words/causes.ts';
import { type Agreed, lowered, merged, NONE, parse, raised } from './agreed.ts';

/** Time for attempts in flight at a refusal to be answered before it is interpreted: round trips, and minimum in ms. */
const SETTLING_TRIPS = 2;
const SETTLING_MS = 50;
/** Maximum wait for the others to report their served attempts, in ms. */
const TELLING_MS = 200;
/** Maximum time for which all attempts are held while a refusal is interpreted, in ms. */
const HOLDING_MS = 500;

/** What one process says to the others about a quota. */
export interface Said {
  /** Its attempts served since its last report: alternately the time in ms ago and their number. */
  readonly served?: readonly number[];
  /** Number of its attempts that the server had in service when it last refused. */
  readonly inService?: number;
  /** It asks the others for their served attempts. */
  readonly asks?: true;
  /** It was refused because too many attempts are in flight. */
  readonly crowded?: true;
  /** The server is down, and this process will probe it in this many ms; 0 means the server answers again. */
  readonly outage?: number;
  /** Its proposal, which Redis has accepted. */
  readonly agreed?: string;
}

/** The parts of the ledger that a conference needs. */
export interface ConferenceContext {
  readonly clock: Clock;
  /** Number of processes that use the ledger. */
  sharers(): number;
  /** Says something to the conferences of the other processes. */
  say(said: Said): void;
  /** Reads the agreement; `''` if there is none. Rejects, or resolves with `undefined`, while Redis is unavailable. */
  read(): Promise<string | undefined>;
  /** Replaces the agreement if it is still `before`. Resolves with the resulting agreement. */
  replace(before: string, after: string): Promise<string | undefined>;
  closed(): void;
}

/**
 * What the processes of a fleet learn together about one quota.
 *
 * One process interprets a refusal once the others have reported their served attempts. It writes its conclusion to Redis in
 * place of the previous agreement; if two processes do so, the first one wins. Every process enforces the agreement as if it
 * were declared. After the windows have been full for a while, one process makes all of them try a higher limit.
 */
export class RedisConference implements Conference {
  readonly #party: Party;
  readonly #context: ConferenceContext;
  /** The agreement: as stored in Redis, and parsed. */
  #text = '';
  #agreed: Agreed = NONE;
  /** Number of window lengths that preceded the trial under way. */
  #every = NONE.every;
  /** Moment since which attempts have been waiting, with no refusal and no change of a limit. */
  #calmSince: number;
  #settling: Timer | undefined;
  #telling: Timer | undefined;
  #holding: Timer | undefined;
  /** Processes that have reported their served attempts. */
  readonly #told = new Set<string>();
  /** Number of their attempts in service at the refusal being interpreted. */
  #inService = 0;
  #proposing = false;
  #closed = false;

  constructor(party: Party, context: ConferenceContext) {
    this.#party = party;
    this.#context = context;
    this.#calmSince = context.clock.now();
    this.#hold();
    void this.#read();
  }

  get sharers(): number {
    return this.#context.sharers();
  }

  look(): void {
    const { question, found, latencyMs } = this.#party;
    if (question) this.#calm();
    if (question && this.#agreed.trial) {
      this.#party.dismiss();
      this.#propose(lowered(this.#agreed, this.#every), 'throttled');
    } else if (question === 'over') this.#ask();
    else if (question === 'named') {
      this.#settling ??= this.#in(Math.max(SETTLING_MS, SETTLING_TRIPS * latencyMs), () => {
        this.#settling = undefined;
        if (this.#party.question) this.#ask();
      });
    } else if (found.length > 0 && !this.#telling) this.#propose(merged(this.#agreed, found), 'header');
  }

  served(waiting: number): void {
    const { windows, every, trial } = this.#agreed;
    if (windows.length === 0) return;
    if (waiting === 0) this.#calm();
    const shortest = windows.find(({ per }) => per > 0)?.per ?? Infinity;
    if (this.#context.clock.now() - this.#calmSince < every * shortest) return;
    const full = windows.find(({ id }) => id === this.#party.full);
    if (!full || this.#context.clock.now() - this.#calmSince < every * full.per) return;
    if (!trial) this.#every = every;
    this.#propose(raised(this.#agreed, full.id), 'probe');
  }

  crowded(): void {
    this.#context.say({ crowded: true });
  }

  outage(ms: number): void {
    this.#context.say({ outage: Math.ceil(ms) });
  }

  /** Another process was refused. */
  refused(): void {
    this.#calm();
    this.#party.refusedElsewhere();
  }

  /** Handles a message of another process, identified by `from`. */
  hear(from: string, { served, inService = 0, asks, crowded, outage, agreed }: Said): void {
    if (this.#closed) return;
    if (crowded) this.#party.crowded();
    if (outage !== undefined) this.#party.outage(outage);
    if (served) {
      this.#party.hear(served);
      if (!this.#told.has(from)) this.#inService += inService;
      this.#told.add(from);
      if (this.#telling && this.#told.size >= this.sharers - 1) this.#conclude();
    }
    if (asks) {
      this.#context.say({ served: this.#party.tell(), inService: this.#party.inService });
      this.#hold();
    }
    if (agreed !== undefined) this.#follow(agreed, 'peer');
  }

  /** Writes the agreement again: Redis has lost it. */
  restore(): void {
    const text = this.#text;
    this.#text = '';
    if (text !== '') this.#write(text, 'peer');
  }

  close(): void {
    this.#closed = true;
    for (const timer of [this.#settling, this.#telling, this.#holding]) timer?.cancel();
    this.#context.closed();
  }

  async #read(): Promise<void> {
    const text = await this.#context.read().catch(() => undefined);
    if (text !== undefined && this.#text === '') this.#follow(text, 'peer');
    this.#release();
    if (!this.#closed) this.look();
  }

  /** Asks the others for their served attempts, and holds all attempts until they have answered. */
  #ask(): void {
    if (this.#telling || this.#closed) return;
    this.#told.clear();
    this.#inService = 0;
    this.#context.say({ asks: true, served: this.#party.tell() });
    this.#hold();
    this.#telling = this.#in(TELLING_MS, () => this.#conclude());
    if (this.sharers === 1) this.#conclude();
  }

  #conclude(): void {
    this.#telling?.cancel();
    this.#telling = undefined;
    this.#party.answer(this.#inService);
    // The others wait for the result, so it is written even if nothing has changed.
    this.#propose(merged(this.#agreed, this.#party.found), 'throttled');
  }

  #propose(agreed: Agreed, cause: LearnedCause): void {
    if (!this.#proposing) this.#write(JSON.stringify(agreed), cause);
  }

  #write(text: string, cause: LearnedCause): void {
    this.#proposing = true;
    this.#context
      .replace(this.#text, text)
      .catch(() => undefined)
      .then((kept) => {
        this.#proposing = false;
        if (kept !== undefined && kept !== '') this.#follow(kept, kept === text ? cause : 'peer');
        // Redis has lost the agreement.
        else if (kept === '' && this.#text !== '' && !this.#closed) this.restore();
        this.#release();
      });
  }

  /** Adopts an agreement. */
  #follow(text: string, cause: LearnedCause): void {
    if (this.#closed) return;
    const agreed = parse(text);
    if (agreed && text !== this.#text) {
      if (!agreed.trial) this.#every = agreed.every;
      this.#text = text;
      this.#agreed = agreed;
      this.#calm();
      if (cause === 'peer') this.#party.dismiss();
      this.#party.agree(agreed.windows, cause);
    }
    this.#release();
  }

  /** Holds all attempts until the others have been heard, at most for a while. */
  #hold(): void {
    this.#party.hold(true);
    this.#holding?.cancel();
    this.#holding = this.#in(HOLDING_MS, () => this.#release());
  }

  #release(): void {
    this.#holding?.cancel();
    this.#holding = undefined;
    if (!this.#closed) this.#party.hold(false);
  }

  #calm(): void {
    this.#calmSince = this.#context.clock.now();
  }

  #in(ms: number, then: () => void): Timer {
    return this.#context.clock.setTimer(then, ms, true);
  }
}
