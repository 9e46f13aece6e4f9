/**
 * The same as `types.ts` for CommonJS, where axios has separate type declarations. Their `AxiosError` cannot be
 * augmented: use `isHeadgateError(error)` instead.
 */

import type {} from 'axios';
import type { CallOptions } from '../../options/types.ts' with { 'resolution-mode': 'import' };
import type { CallReport } from '../../words/report.ts' with { 'resolution-mode': 'import' };

declare module 'axios' {
  interface AxiosRequestConfig {
    /** Per-call options. */
    headgate?: CallOptions | undefined;
  }
  interface AxiosResponse {
    /** Report of the call that returned this response. */
    readonly headgate?: CallReport;
  }
}
