/** What is known of each API: its quotas, the reading of its answers, what may be resent. */
export {
  type DefenderErrorCode,
  type DefenderExpectation,
  type DefenderLimit,
  type DefenderOptions,
  defender,
  defenderErrorCodes,
  defenderExpectations,
  defenderLimits,
  defenderLimitsAsOf,
} from './defender/index.ts';
export { generic } from './generic.ts';
