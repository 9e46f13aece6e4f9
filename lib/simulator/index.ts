/** `headgate/simulator`: loopback servers for tests: a Defender-like one, and one that enforces the quotas of any profile. */
export {
  type ApiLogEntry,
  type ApiSimulator,
  type ApiSimulatorOptions,
  simulateApi,
} from './api-simulator.ts';
export type { MeterKind } from './meters.ts';
export { defenderQuotas } from './quotas.ts';
export { simulate } from './simulator.ts';
export type * from './types.ts';
