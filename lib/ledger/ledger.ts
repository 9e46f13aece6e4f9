import type { LearnedCause } from '../words/causes.ts';

/**
 * The ledger, as the gate sees it: who holds how many permits of each window. Where it is kept, and how it fails, is
 * its own affair; what the gate must know of that, it is told through {@link Holder} and {@link LedgerObserver}.
 */

/** Which window an account is of. */
export interface Book {
  /** Unique to the quota and the window. */
  readonly key: string;
  /** Maximum number of permits in any `per`. */
  readonly limit: number;
  /** ms. */
  readonly per: number;
}

/** A block of permits, held until it is ended. */
export interface Lease {
  /** Permits left in it. */
  readonly size: number;
  /** Gives some of them back, fewer than it has. */
  shrink(permits: number): void;
  /** Gives all of them back. */
  end(): void;
}

/** The account of one window, from which leases are drawn. */
export interface Account {
  /** False while nobody else draws on this window: its holder has all of it, without asking. */
  readonly shared: boolean;
  /** Permits that a process may keep for as long as it needs them; what it holds beyond goes back after use. */
  readonly share: number;
  /** A lease goes back when it is this old, so that it never runs out in use; ms. */
  readonly renewMs: number;
  /** True where what is in use at the closing may be given back later. Default false. */
  readonly lingers?: boolean;
  /** True where what is in use at the closing is given back when it is spent, without its holder. Default false. */
  readonly settles?: boolean;
  /**
   * Resolves with a lease once that many permits are free, or some of them. Rejects when the account is closed, or where
   * the ledger refuses: it may be asked again a little later.
   */
  lease(size: number): Promise<Lease>;
  /**
   * Takes back what was asked for last and is not granted, as far as `permits` cover it; returns how much that is.
   * Those promises never settle.
   */
  withdraw(permits: number): number;
  /** Another limit from now on. */
  relimit?(limit: number): void;
  /** Lets go of all: what was not ended is free again when it runs out. */
  close(): Promise<void>;
}

/** Permits in use that become free together. */
export interface Use {
  /** May be a fraction, where attempts cost fractions. */
  readonly permits: number;
  /** ms until they are free again; `Infinity` while their attempts are in flight. */
  readonly freeIn: number;
}

/** Who holds leases. */
export interface Holder {
  /** Permits in use now. */
  readonly inUse: number;
  /** Others draw on this window too from now on: what was held without asking is the lease `whole`. */
  joined(whole: Lease): void;
  /** Permits in use, in blocks that become free together. */
  uses(): Use[];
  /**
   * ms until each permit in use is free again; `Infinity` for one in flight. One entry for each permit, so {@link uses} is
   * the better one where an attempt costs many.
   */
  returns(): number[];
  /** A lease ran out, or the ledger forgot it: its permits are not ours any more. */
  lost(lease: Lease): void;
  /** The ledger is out of reach: make do with `share` permits; with none, admit nothing. */
  degraded(share: number): void;
  /**
   * The ledger is back, and what is left of the leases runs as long as if it were granted now. After `graceMs`, in which
   * all else that is in use is leased again, it is as before.
   */
  restored(graceMs: number): void;
}

/** What a ledger tells the gates that use it. */
export interface LedgerObserver {
  /** The observer's clock: a moment in ms. */
  now(): number;
  /** The ledger is out of reach. */
  degraded(message: string): void;
  /** The ledger answers again. */
  restored(message: string): void;
  /**
   * Another gate or process closed this quota for `ms` from now; `silent`: the server named no wait, so one attempt has to try
   * whether it is open.
   */
  paused(quota: string, ms: number, silent?: boolean): void;
}

/** A limit per time that was found. */
export interface FoundWindow {
  /** Maximum number of requests in any `per`; `Infinity`: the one that was agreed on is none. */
  readonly limit: number;
  /** ms; 0 makes it the maximum in flight. */
  readonly per: number;
}

/** A window that nobody declared, and on which all who share a ledger agreed. */
export interface AgreedWindow extends FoundWindow {
  /** Stays the same while its limit changes. */
  readonly id: number;
}

/** What one gate learns of a quota, as the others that share its ledger see it. */
export interface Party {
  /** ms that an attempt takes; 0 if unknown. */
  readonly latencyMs: number;
  /** A closing that is to be read with the others: it is over, or the server named its end. */
  readonly question: 'over' | 'named' | undefined;
  /** Windows that were found and that are not agreed on. */
  readonly found: readonly FoundWindow[];
  /** The window agreed on that has no room now, by its id. */
  readonly full: number | undefined;
  /** What was served here and not told before: ms ago, and how many then, in turn. */
  tell(): number[];
  /** Another told that. */
  hear(told: readonly number[]): void;
  /** Attempts from here that the server had in service at the last closing. */
  readonly inService: number;
  /** Another was refused, and closed the quota. */
  refusedElsewhere(): void;
  /** Reads the closing by all that was heard. @param elsewhere attempts of all others in service at it */
  answer(elsewhere: number): void;
  /** The closing tells nothing. */
  dismiss(): void;
  /** All keep these windows from now on, and none that they agreed on before. @param cause why */
  agree(windows: readonly AgreedWindow[], cause: LearnedCause): void;
  /** Another was refused, as too many are in flight. */
  crowded(): void;
  /** Another found the server out, and tries it again in `ms`; 0: it answers again. */
  outage(ms: number): void;
  /** While the others are asked, nothing goes. */
  hold(held: boolean): void;
}

/** What all who share a ledger learn together of one quota. */
export interface Conference {
  /** Number of those who draw on the ledger. */
  readonly sharers: number;
  /** The party may have a question, or have found something. */
  look(): void;
  /** An attempt was served while `waiting` attempts waited. */
  served(waiting: number): void;
  /** An attempt was refused, as too many are in flight. */
  crowded(): void;
  /** The server is out, and the party tries it again in `ms`; 0: it answers again. */
  outage(ms: number): void;
  /** The party leaves. */
  close(): void;
}

/** The book of permits. */
export interface Ledger {
  /** Opens the book of one window of one quota. */
  open(book: Book, holder: Holder): Account;
  /** Begins to tell `observer`; returns how to end that. A ledger that nobody observes any more closes. */
  attach?(observer: LedgerObserver): () => Promise<void>;
  /**
   * Tells all others but `from` that this quota is closed for `ms` from now. @param tryMs where the server named no wait: time that
   * one attempt takes to find out whether it is open, so that not all have to try
   */
  pause?(quota: string, ms: number, from: LedgerObserver, tryMs?: number): void;
  /** Another may have closed this quota before `from` met it: asks, and tells `from`. */
  recall?(quota: string, from: LedgerObserver): void;
  /** Learns with all others of a quota whose limits may not all be declared. The party holds until it was first told something. */
  confer?(quota: string, party: Party): Conference;
}
