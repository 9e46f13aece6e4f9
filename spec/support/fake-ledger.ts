import type { Account, Book, Holder, Lease, Ledger } from '../../lib/ledger/ledger.ts';
import type { Clock } from '../../lib/time/clock.ts';

/** How a {@link FakeLedger} works; all times in ms. */
export interface FakeLedgerSettings {
  /** Among how many a limit is shared. */
  readonly processes: number;
  /** From asking to the grant, and from the end of a lease to its being free. */
  readonly delay: () => number;
  /** After so long a lease is free again, whatever became of its holder. */
  readonly expiration: number;
  readonly renewMs: number;
  /** How long a process may take to notice that the ledger went or came back. */
  readonly notice: () => number;
  readonly graceMs: number;
  readonly fallback?: 'share' | 'closed';
}

interface Asked {
  readonly from: Branch;
  readonly holder: Holder;
  readonly size: number;
  readonly grant: (lease: Lease) => void;
}

interface Running {
  readonly asked: Asked;
  readonly lease: Lease;
  /** As the ledger knows it. */
  size: number;
  /** Moment. */
  expiresAt: number;
}

/** What the ledger has of one window. */
interface Page {
  readonly book: Book;
  queue: Asked[];
  readonly running: Set<Running>;
}

/** The ledger that several processes of a test share: it keeps the contract of the one in Redis, on a test's clock. */
export class FakeLedger {
  readonly clock: Clock;
  readonly settings: FakeLedgerSettings;
  readonly #pages = new Map<string, Page>();
  readonly #branches: Branch[] = [];
  away: boolean = false;
  /** The most that was ever leased of a window, less its limit. */
  excess: number = -Infinity;

  constructor(clock: Clock, settings: FakeLedgerSettings) {
    this.clock = clock;
    this.settings = settings;
  }

  /** The ledger as one process sees it. */
  branch(): Branch {
    const branch = new Branch(this);
    this.#branches.push(branch);
    return branch;
  }

  later(ms: number, fire: () => void): void {
    this.clock.setTimer(fire, ms, false);
  }

  page(book: Book): Page {
    const page = this.#pages.get(book.key) ?? { book, queue: [], running: new Set() };
    this.#pages.set(book.key, page);
    return page;
  }

  /** Leases of all that are still held, of every window. */
  get held(): number {
    return [...this.#pages.values()].reduce((sum, page) => sum + sizeOf(page), 0);
  }

  /** It does not answer any more. */
  leave(): void {
    if (this.away) return;
    this.away = true;
    for (const branch of this.#branches) this.later(this.settings.notice(), () => branch.notice());
  }

  /** It answers again, with its data or without. */
  comeBack(lost: boolean): void {
    if (!this.away) return;
    this.away = false;
    if (lost) this.forget();
    for (const branch of this.#branches) this.later(this.settings.notice(), () => branch.notice());
    for (const page of this.#pages.values()) this.serve(page);
  }

  /** Its data are gone. */
  forget(): void {
    for (const page of this.#pages.values()) page.running.clear();
    for (const branch of this.#branches) branch.forgotten = true;
  }

  /** What is leased to one runs as long as if it were granted now. */
  extend(branch: Branch): void {
    for (const { running } of this.#pages.values()) {
      for (const each of running) {
        if (each.asked.from === branch) each.expiresAt = this.clock.now() + this.settings.expiration;
      }
    }
  }

  serve(page: Page): void {
    while (!this.away) {
      const next = page.queue.find(({ from }) => !from.cut);
      const room = page.book.limit - sizeOf(page);
      if (!next || room < 1) return;
      page.queue.splice(page.queue.indexOf(next), 1);
      if (next.from.crashed) continue;
      this.#grant(page, next, Math.min(next.size, room));
    }
  }

  #grant(page: Page, asked: Asked, size: number): void {
    const { delay, expiration } = this.settings;
    const free = (): void => {
      if (page.running.delete(running)) this.serve(page);
    };
    let left = size;
    /** Done when the ledger is told, which it is in order. */
    const told = (change: () => void): void => {
      const attempt = (): void => (this.away || asked.from.cut ? this.later(50, attempt) : change());
      if (!asked.from.crashed) this.later(delay(), attempt);
    };
    const lease: Lease = {
      get size() {
        return left;
      },
      shrink: (permits) => {
        left -= permits;
        told(() => {
          if (!page.running.has(running)) return;
          running.size -= permits;
          this.serve(page);
        });
      },
      end: () => told(free),
    };
    const running: Running = { asked, lease, size, expiresAt: this.clock.now() + expiration };
    page.running.add(running);
    this.excess = Math.max(this.excess, sizeOf(page) - page.book.limit);
    const expire = (): void => {
      if (!page.running.has(running)) return;
      const left = running.expiresAt - this.clock.now();
      if (left > 0) this.later(left, expire);
      else {
        if (!asked.from.crashed) asked.holder.lost(lease);
        free();
      }
    };
    this.later(expiration, expire);
    this.later(delay(), () => {
      asked.from.held.push({ holder: asked.holder, lease });
      if (!asked.from.crashed) asked.grant(lease);
    });
  }
}

/** One process's way to a {@link FakeLedger}. */
export class Branch implements Ledger {
  readonly #ledger: FakeLedger;
  readonly #open: { readonly book: Book; readonly holder: Holder }[] = [];
  held: { readonly holder: Holder; readonly lease: Lease }[] = [];
  crashed: boolean = false;
  /** It alone does not reach the ledger. */
  cut: boolean = false;
  degraded: boolean = false;
  forgotten: boolean = false;

  constructor(ledger: FakeLedger) {
    this.#ledger = ledger;
  }

  open(book: Book, holder: Holder): Account {
    const ledger = this.#ledger;
    const page = ledger.page(book);
    const entry = { book, holder };
    this.#open.push(entry);
    if (this.degraded) queueMicrotask(() => holder.degraded(this.#share(book)));
    return {
      shared: true,
      share: Math.floor(book.limit / ledger.settings.processes),
      renewMs: ledger.settings.renewMs,
      lease: (size) =>
        new Promise((grant) => {
          ledger.later(ledger.settings.delay(), () => {
            page.queue.push({ from: this, holder, size, grant });
            ledger.serve(page);
          });
        }),
      withdraw: (permits) => {
        let left = permits;
        for (const asked of page.queue.filter(({ from }) => from === this).reverse()) {
          if (asked.size > left) continue;
          left -= asked.size;
          page.queue.splice(page.queue.indexOf(asked), 1);
        }
        return permits - left;
      },
      close: async () => {
        this.#open.splice(this.#open.indexOf(entry), 1);
      },
    };
  }

  /** The process is no more: it ends no lease and hears nothing. */
  crash(): void {
    this.crashed = true;
  }

  /** It alone reaches the ledger no more, or again. */
  cutOff(cut: boolean): void {
    this.cut = cut;
    this.notice();
  }

  /** Sees whether the ledger is there. */
  notice(): void {
    if (this.crashed) return;
    const { settings } = this.#ledger;
    const away = this.#ledger.away || this.cut;
    if (away && !this.degraded) {
      this.degraded = true;
      for (const { book, holder } of this.#open) holder.degraded(this.#share(book));
    } else if (!away && (this.degraded || this.forgotten)) {
      this.degraded = false;
      const { forgotten, held } = this;
      this.forgotten = false;
      if (!forgotten) this.#ledger.extend(this);
      for (const { holder } of this.#open) holder.restored(settings.graceMs);
      if (!forgotten) return;
      this.held = [];
      for (const { holder, lease } of held) holder.lost(lease);
    }
  }

  #share({ limit }: Book): number {
    const { fallback, processes } = this.#ledger.settings;
    return fallback === 'closed' ? 0 : Math.floor(limit / processes);
  }
}

function sizeOf({ running }: Page): number {
  let sum = 0;
  for (const { size } of running) sum += size;
  return sum;
}
