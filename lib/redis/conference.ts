import type { Conference, Party } from '../ledger/ledger.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { LearnedCause } from '../words/causes.ts';
import { type Agreed, lowered, merged, NONE, parse, raised } from './agreed.ts';

/** Time in which attempts in flight at a refusal are answered, before it is read: round trips, and at least ms. */
const SETTLING_TRIPS = 2;
const SETTLING_MS = 50;
/** Maximum time that others may take to tell what they were served, in ms. */
const TELLING_MS = 200;
/** Maximum time for which nothing goes while another process reads a refusal, in ms. */
const HOLDING_MS = 500;

/** What one process says to the others about a quota. */
export interface Said {
  /** What it was served and did not tell before: ms ago, and how many then, in turn. */
  readonly served?: readonly number[];
  /** Attempts of it that the server had in service when it last refused. */
  readonly inService?: number;
  /** It wants to know what the others were served. */
  readonly asks?: true;
  /** It was refused, as too many are in flight. */
  readonly crowded?: true;
  /** The server is out, and it tries it again in so many ms; 0: the server answers again. */
  readonly outage?: number;
  /** What it has proposed, and Redis has taken. */
  readonly agreed?: string;
}

/** The parts of the ledger that a conference needs. */
export interface ConferenceContext {
  readonly clock: Clock;
  /** Number of processes that draw on the ledger. */
  sharers(): number;
  /** Says something to the conferences of the other processes. */
  say(said: Said): void;
  /** What is agreed on, `''` if nothing is. Rejects, or resolves with `undefined`, while Redis is away. */
  read(): Promise<string | undefined>;
  /** Replaces what is agreed on if it is still `before`. Resolves with what is agreed on then. */
  replace(before: string, after: string): Promise<string | undefined>;
  closed(): void;
}

/**
 * What the processes of a fleet learn together of one quota.
 *
 * A refusal is read by one process, once the others have told it what they were served. What it makes of that it writes to
 * Redis in place of what was agreed on before: if two do, the first is followed. Every process keeps what is agreed on as
 * if it were declared. Now and then, after the windows have been full for a while, one process has all try a higher limit.
 */
export class RedisConference implements Conference {
  readonly #party: Party;
  readonly #context: ConferenceContext;
  /** What is agreed on: as Redis has it, and as read. */
  #text = '';
  #agreed: Agreed = NONE;
  /** Windows' lengths before the trial under way. */
  #every = NONE.every;
  /** Since when the windows are full, no refusal came, and no limit changed. */
  #calmSince: number;
  #settling: Timer | undefined;
  #telling: Timer | undefined;
  #holding: Timer | undefined;
  /** Processes that have told what they were served. */
  readonly #told = new Set<string>();
  /** Attempts of theirs in service at the refusal that is being read. */
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

  /** Another process says something: `from` tells processes apart. */
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

  /** Redis has lost what was agreed on. */
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

  /** Asks the others what they were served; nothing goes until that is known. */
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
    // The others wait for it, even if it is as before.
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
        // Redis has lost it.
        else if (kept === '' && this.#text !== '' && !this.#closed) this.restore();
        this.#release();
      });
  }

  /** Keeps what is agreed on. */
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

  /** Nothing goes until the others were heard, or for a while. */
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
