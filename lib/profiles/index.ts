/** Profiles of APIs: their quotas, the meaning of their responses, and which requests may be resent. */
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
  defenderXdrLimits,
} from './defender/index.ts';
export type {
  CodeDefinition,
  CostDefinition,
  DeprecationDefinition,
  HeaderDefinition,
  Hooks,
  ProfileDefinition,
  ProfileExample,
  QuotaDefinition,
  RequestMatch,
  ResendDefinition,
  Source,
  Sourced,
  WaitDefinition,
  WindowDefinition,
} from './define/definition.ts';
export {
  type DefinedProfile,
  defineProfile,
  type ProfileFactory,
  type ProfileOptions,
} from './define/index.ts';
export { generic } from './generic.ts';
