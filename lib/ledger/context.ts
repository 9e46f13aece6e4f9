import type { Schedule } from '../time/schedule.ts';
import type { Ledger } from './ledger.ts';

/** What the leases of a window need of their gate. */
export interface LeaseContext {
  readonly ledger: Ledger;
  readonly schedule: Schedule;
  now(): number;
  /** Unix ms on the wall clock. */
  wall(): number;
  /** There may be permits to give. */
  changed(): void;
}
