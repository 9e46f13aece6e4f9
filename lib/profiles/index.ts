/** Profiles of APIs: their quotas, the meaning of their responses, and which requests may be resent. */

export { anthropic } from './anthropic.ts';
export { azureResourceManager } from './arm.ts';
export { aws } from './aws.ts';
export { azureOpenai } from './azure-openai.ts';
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
  SimulationDefinition,
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
export { discord } from './discord.ts';
export { generic } from './generic.ts';
export { github } from './github.ts';
export { google } from './google.ts';
export { graph } from './graph.ts';
export { jira } from './jira.ts';
export { okta } from './okta.ts';
export { openai } from './openai.ts';
export { salesforce } from './salesforce.ts';
export { shopify } from './shopify.ts';
export { slack } from './slack.ts';
export { stripe } from './stripe.ts';
