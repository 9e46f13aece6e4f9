/** Types only: `import 'headgate/axios'` adds `headgate` to axios's types. */

import type {} from 'axios';
import type { CallOptions } from '../../options/types.ts';
import type { CallReport } from '../../words/report.ts';

declare module 'axios' {
  interface AxiosRequestConfig {
    /** Per-call options. */
    headgate?: CallOptions | undefined;
  }
  interface AxiosResponse {
    /** Report of the call that returned this response. */
    readonly headgate?: CallReport;
  }
  interface AxiosError {
    /** Report of the failed call. */
    readonly headgate?: CallReport;
  }
}
