import type { Lease } from './ledger.ts';

/** The leases of one window, the oldest first. */
export class Holdings {
  /** Total number of permits. */
  permits = 0;
  /** Number of permits in leases too old to be used again. */
  due = 0;
  #due: Lease[] = [];
  #fresh: { readonly lease: Lease; readonly renewAt: number }[] = [];

  /** Moment at which the next lease becomes too old. */
  get dueAt(): number {
    return this.#fresh[0]?.renewAt ?? Infinity;
  }

  add(lease: Lease, renewAt: number): void {
    this.permits += lease.size;
    this.#fresh.push({ lease, renewAt });
  }

  /** Checks their age; true if another has become too old. */
  age(now: number): boolean {
    const before = this.due;
    for (let [first] = this.#fresh; first && first.renewAt <= now; [first] = this.#fresh) {
      this.#fresh.shift();
      this.#due.push(first.lease);
      this.due += first.lease.size;
    }
    return this.due > before;
  }

  /** A lease was lost. Returns its permits. */
  lose(lease: Lease): number {
    const { size } = lease;
    if (this.#due.includes(lease)) this.due -= size;
    else if (!this.#fresh.some((each) => each.lease === lease)) return 0;
    this.#due = this.#due.filter((each) => each !== lease);
    this.#fresh = this.#fresh.filter((each) => each.lease !== lease);
    this.permits -= size;
    return size;
  }

  /** Gives back `permits`, from the oldest leases first. */
  giveBack(permits: number): void {
    let left = Math.min(permits, this.permits);
    this.permits -= left;
    while (left > 0) {
      const old = this.#due.length > 0;
      const lease = (old ? this.#due[0] : this.#fresh[0]?.lease) as Lease;
      const part = Math.min(left, lease.size);
      left -= part;
      if (old) this.due -= part;
      if (part < lease.size) lease.shrink(part);
      else {
        if (old) this.#due.shift();
        else this.#fresh.shift();
        lease.end();
      }
    }
  }
}
