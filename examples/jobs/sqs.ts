import { handing } from './handing.ts';

/** Longest that SQS hides a message, in s: 12 hours from its receipt. A minute less allows for what the work took. */
const LONGEST_S = 43_200 - 60;

/** What is done with a message of a queue that hides messages while they are worked on. */
interface Queue<M> {
  /** Hides it for that long, in s: `ChangeMessageVisibilityCommand` of SQS, `updateMessage` of Azure Queue Storage. */
  hide(message: M, seconds: number): Promise<unknown>;
  /** Done with it: `DeleteMessageCommand`, `deleteMessage`. */
  remove(message: M): Promise<unknown>;
}

/**
 * A handler that gives its worker back instead of sleeping: a wait longer than the gate's `retry.inline` hides the message
 * until the quota reopens. Resolves to whether the message is done. (Each receipt counts for a dead-letter queue's
 * `maxReceiveCount`: let it be large.)
 *
 * @example
 * const handle = hiding((message: Message) => send(gate.fetch(), message.Body), {
 *   hide: ({ ReceiptHandle }, VisibilityTimeout) =>
 *     sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout })),
 *   remove: ({ ReceiptHandle }) => sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle })),
 * });
 */
export function hiding<M>(
  work: (message: M) => Promise<unknown>,
  { hide, remove }: Queue<M>,
): (message: M) => Promise<boolean> {
  return (message) =>
    handing(
      () =>
        work(message)
          .then(() => remove(message))
          .then(() => true),
      ({ waitMs }) => hide(message, Math.min(LONGEST_S, Math.ceil(waitMs / 1000))).then(() => false),
    );
}
