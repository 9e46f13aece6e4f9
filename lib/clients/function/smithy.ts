/** Reads results and errors of SDKs made with Smithy, AWS's among them: https://smithy.io/2.0/ */
import type { Classification } from '../../words/types.ts';

/** Names of AWS's throttling errors, whatever their status: mostly 400. */
const THROTTLED: ReadonlySet<unknown> = new Set([
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);

/** Fields that identify a result or an error of these SDKs. */
interface Smithy {
  readonly name?: unknown;
  readonly output?: Smithy;
  readonly $metadata?: { readonly attempts?: unknown };
  readonly $retryable?: { readonly throttling?: unknown };
  readonly $fault?: unknown;
}

/** The reading of an error, refined by its Smithy model if it has one. Never throws. */
export function smithyReading(error: unknown, read: Classification): Classification {
  try {
    const { $metadata, $fault, $retryable, name } = (error ?? {}) as Smithy;
    if (typeof $metadata !== 'object' && $fault === undefined) return read;
    const code = typeof name === 'string' ? (read.code ?? name) : read.code;
    if (read.verdict === 'throttled') return { ...read, code };
    if ($retryable?.throttling === true || THROTTLED.has(name)) {
      return { ...read, code, verdict: 'throttled', hint: undefined };
    }
    if (read.verdict !== 'terminal') return { ...read, code };
    const isCurable = $retryable !== undefined || ($fault === 'server' && read.status === undefined);
    return isCurable ? { ...read, code, verdict: 'transient', hint: undefined } : { ...read, code };
  } catch {
    return read;
  }
}

/** Whether an SDK made more than one attempt, judging by its result or error. Never throws. */
export function hasRetried(from: unknown): boolean {
  try {
    const { $metadata, output } = (from ?? {}) as Smithy;
    return Number($metadata?.attempts ?? output?.$metadata?.attempts ?? 1) > 1;
  } catch {
    return false;
  }
}
