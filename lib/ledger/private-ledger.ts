import type { Account, Ledger } from './ledger.ts';

/** Account of a window that no other gate uses. It has no state, so all windows share this one. */
const WHOLE: Account = {
  shared: false,
  share: Infinity,
  renewMs: Infinity,
  lingers: true,
  /** Never called on an account that is not shared. */
  lease: () => new Promise(() => undefined),
  withdraw: () => 0,
  close: async () => undefined,
};

/**
 * The default ledger, private to one gate. The gate holds each window whole, and its own arithmetic keeps the limit.
 * Gates that share a quota need `memory()` or `redis()`, whose engine is Bottleneck; this ledger does not load it.
 */
export const privateLedger: Ledger = { open: () => WHOLE };
