import type { LearnedCause } from '../words/causes.ts';

/**
 * The ledger, as the gate sees it: who holds how many permits of each window. Where it is kept and how it fails is hidden;
 * what the gate must know, it learns through {@link Holder} and {@link LedgerObserver}.
 */

/** The window to which an account belongs. */
export interface Book {
  /** Unique to the quota and the window. */
  readonly key: string;
  /** Maximum number of permits within any `per`. */
  readonly limit: number;
  /** ms. */
  readonly per: number;
}

/** A block of permits, held until it is ended. */
export interface Lease {
  /** Number of permits left in it. */
  readonly size: number;
  /** Gives back `permits`, fewer than {@link size}. */
  shrink(permits: number): void;
  /** Gives all of them back. */
  end(): void;
}

/** One window's account, from which leases are drawn. */
export interface Account {
  /** False while nobody else uses this window: its holder then has all of it without asking. */
  readonly shared: boolean;
  /** Number of permits a process may keep for as long as it needs them; those beyond go back after use. */
  readonly share: number;
  /** Age at which a lease goes back, so that it never expires in use; ms. */
  readonly renewMs: number;
  /** Whether permits in use at closing may be given back later. Default false. */
  readonly lingers?: boolean;
  /** Whether permits in use at closing are freed once spent without their holder's help. Default false. */
  readonly settles?: boolean;
  /**
   * Resolves with a lease once permits are free; it may hold fewer than `size`. Rejects if the account is closed or the ledger
   * refuses: ask again a little later.
   */
  lease(size: number): Promise<Lease>;
  /**
   * Withdraws the latest requests not granted yet, up to `permits`; returns the number withdrawn. Their promises never settle.
   */
  withdraw(permits: number): number;
  /** Changes the limit. */
  relimit?(limit: number): void;
  /** Closes the account: leases not ended are free again when they expire. */
  close(): Promise<void>;
}

/** Permits in use that become free at the same time. */
export interface Use {
  /** May be fractional if attempts have fractional costs. */
  readonly permits: number;
  /** ms until they are free again; `Infinity` while their attempts are in flight. */
  readonly freeIn: number;
}

/** A holder of leases. */
export interface Holder {
  /** Permits in use now. */
  readonly inUse: number;
  /** Others use this window too from now on: what was held without asking becomes the lease `whole`. */
  joined(whole: Lease): void;
  /** Permits in use, grouped by when they become free. */
  uses(): Use[];
  /**
   * ms until each permit in use is free again; `Infinity` for one in flight. Has one entry per permit: prefer {@link uses} if
   * attempts cost many.
   */
  returns(): number[];
  /** A lease expired, or the ledger lost it: its permits may no longer be used. */
  lost(lease: Lease): void;
  /** The ledger is unreachable: keep to `share` permits; if that is 0, admit nothing. */
  degraded(share: number): void;
  /**
   * The ledger is back, and the remaining leases last as long as if granted now. Within `graceMs`, everything else in use is
   * leased again; then leasing resumes as before.
   */
  restored(graceMs: number): void;
}

/** A gate, as the ledger that it uses notifies it. */
export interface LedgerObserver {
  /** Time by the observer's clock, in ms. */
  now(): number;
  /** The ledger is unreachable. */
  degraded(message: string): void;
  /** The ledger is back. */
  restored(message: string): void;
  /**
   * Another gate or process closed this quota for `ms` from now. `silent`: the server named no wait, so an attempt has to probe
   * whether it is open.
   */
  paused(quota: string, ms: number, silent?: boolean): void;
}

/** A limit over time that a process found. */
export interface FoundWindow {
  /** Maximum number of requests within any `per`; `Infinity` revokes the agreed limit. */
  readonly limit: number;
  /** ms; 0 makes it the maximum in flight. */
  readonly per: number;
}

/** An undeclared window on which all users of a ledger agreed. */
export interface AgreedWindow extends FoundWindow {
  /** Stays the same when the limit changes. */
  readonly id: number;
}

/** What one gate learns about a quota, as seen by the other users of its ledger. */
export interface Party {
  /** Average round trip, in ms; 0 if unknown. */
  readonly latencyMs: number;
  /** State of a closing to interpret with the others: it is over, or the server named its end. */
  readonly question: 'over' | 'named' | undefined;
  /** Windows found but not agreed on. */
  readonly found: readonly FoundWindow[];
  /** Id of the agreed window that has no room now. */
  readonly full: number | undefined;
  /** Attempts served here since the last call: alternately the time in ms ago and their number. */
  tell(): number[];
  /** Receives what another party returned from {@link tell}. */
  hear(told: readonly number[]): void;
  /** Number of this party's attempts that the server had in service at the last closing. */
  readonly inService: number;
  /** Another party was refused and closed the quota. */
  refusedElsewhere(): void;
  /** Interprets the closing by all that was heard. @param elsewhere number of the others' attempts in service at it */
  answer(elsewhere: number): void;
  /** The closing says nothing. */
  dismiss(): void;
  /** All enforce these windows from now on, in place of those agreed before. @param cause why */
  agree(windows: readonly AgreedWindow[], cause: LearnedCause): void;
  /** Another party was refused because too many attempts are in flight. */
  crowded(): void;
  /** Another party found the server down and will probe it in `ms`; 0 means it answers again. */
  outage(ms: number): void;
  /** Holds or releases all attempts: they wait while the others are asked. */
  hold(held: boolean): void;
}

/** What all users of a ledger learn together about one quota. */
export interface Conference {
  /** Number of processes that use the ledger. */
  readonly sharers: number;
  /** The party may have a question or a finding. */
  look(): void;
  /** An attempt was served while `waiting` attempts were queued. */
  served(waiting: number): void;
  /** An attempt was refused because too many are in flight. */
  crowded(): void;
  /** The server is down, and the party will probe it in `ms`; 0 means it answers again. */
  outage(ms: number): void;
  /** The party leaves. */
  close(): void;
}

/** The book of permits. */
export interface Ledger {
  /** Opens the account of one window of one quota. */
  open(book: Book, holder: Holder): Account;
  /** Registers `observer` and returns a function to remove it. The ledger closes when the last observer is removed. */
  attach?(observer: LedgerObserver): () => Promise<void>;
  /**
   * Tells all observers except `from` that this quota is closed for `ms` from now. @param tryMs if the server named no wait: time
   * that one attempt needs to find out whether the quota is open, so that not all processes probe
   */
  pause?(quota: string, ms: number, from: LedgerObserver, tryMs?: number): void;
  /** Looks up whether this quota was already closed before `from` first used it, and tells `from`. */
  recall?(quota: string, from: LedgerObserver): void;
  /** Joins the others in learning a quota's undeclared limits. The party holds its attempts until it first hears what is agreed. */
  confer?(quota: string, party: Party): Conference;
}
