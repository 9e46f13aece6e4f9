/**
 * The same as `types.ts` for CommonJS, whose axios has type declarations of its own. Its `AxiosError` cannot be given a
 * property there: `isHeadgateError(error)` types it.
 */

import type {} from 'axios';
import type { CallOptions } from '../../options/types.ts' with { 'resolution-mode': 'import' };
import type { CallReport } from '../../words/report.ts' with { 'resolution-mode': 'import' };

declare module 'axios' {
  interface AxiosRequestConfig {
    /** What the call asks for itself. */
    headgate?: CallOptions | undefined;
  }
  interface AxiosResponse {
    /** The record of the call that brought it. */
    readonly headgate?: CallReport;
  }
}
