/** For TypeScript alone: lets axios's types know of `headgate`, by `import 'headgate/axios'`. */

import type {} from 'axios';
import type { CallOptions } from '../../options/types.ts';
import type { CallReport } from '../../words/report.ts';

declare module 'axios' {
  interface AxiosRequestConfig {
    /** What the call asks for itself. */
    headgate?: CallOptions | undefined;
  }
  interface AxiosResponse {
    /** The record of the call that brought it. */
    readonly headgate?: CallReport;
  }
  interface AxiosError {
    /** The record of the call that failed. */
    readonly headgate?: CallReport;
  }
}
