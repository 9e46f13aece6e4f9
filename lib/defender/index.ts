/** Multi-request work with Microsoft Defender for Endpoint, through any gated client. `pages` works for Microsoft Graph too. */

export {
  ActionError,
  type ActionRequest,
  adoptAction,
  type MachineAction,
  type PollOptions,
  pollAction,
  type StartedAction,
} from './actions.ts';
export { type Client, RefusedError, type RequestOptions } from './ask.ts';
export {
  BatchError,
  type BatchOptions,
  type BatchRequest,
  type BatchResult,
  type FailedItem,
  splitBatch,
} from './batch.ts';
export { type Page, type PagesOptions, PagingError, pages } from './pages.ts';
export type { TermOptions } from './term.ts';
