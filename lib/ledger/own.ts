import type { Account, Ledger } from './ledger.ts';

/** The whole of a window, and nobody to arbitrate with. */
const WHOLE: Account = {
  shared: false,
  share: Infinity,
  renewMs: Infinity,
  lingers: true,
  /** Never asked of an account that is not shared. */
  lease: () => new Promise(() => undefined),
  withdraw: () => 0,
  close: async () => undefined,
};

/**
 * The ledger of one gate alone, and the default. The gate holds each window whole, and its own arithmetic keeps the
 * limit. What several gates share needs `memory()` or `redis()`, whose engine is Bottleneck; it is not loaded here.
 */
export const own: Ledger = { open: () => WHOLE };
