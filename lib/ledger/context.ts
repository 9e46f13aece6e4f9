import type { Schedule } from '../time/schedule.ts';
import type { Ledger } from './ledger.ts';

/** The parts of the gate that a window's leases need. */
export interface LeaseContext {
  readonly ledger: Ledger;
  readonly schedule: Schedule;
  now(): number;
  /** Unix ms on the wall clock. */
  wall(): number;
  /** Permits may have become available. */
  changed(): void;
}
