/** The client of SQS, on a loopback queue that speaks its JSON protocol and keeps visibility as SQS does. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { hiding } from '../../examples/jobs/sqs.ts';
import { headgate } from '../../lib/index.ts';
import { TestServer } from '../support/server.ts';

const WAIT_S = 1;
const VISIBILITY_S = 30;

interface Stored {
  readonly body: string;
  visibleAt: number;
}

interface Action {
  readonly MessageBody: string;
  readonly ReceiptHandle: string;
  readonly VisibilityTimeout: number;
}

/** One queue. */
function queueServer(messages: Map<string, Stored>): http.Server {
  const actions: Record<string, (action: Action) => object> = {
    SendMessage: ({ MessageBody: body }) => {
      messages.set(`m${messages.size}`, { body, visibleAt: 0 });
      return {};
    },
    ReceiveMessage: () => {
      const now = performance.now();
      const found = [...messages].find(([, { visibleAt }]) => visibleAt <= now);
      if (!found) return {};
      const [id, message] = found;
      message.visibleAt = now + VISIBILITY_S * 1000;
      return { Messages: [{ MessageId: id, ReceiptHandle: id, Body: message.body }] };
    },
    ChangeMessageVisibility: ({ ReceiptHandle, VisibilityTimeout }) => {
      assert(Number.isInteger(VisibilityTimeout) && VisibilityTimeout >= 0 && VisibilityTimeout <= 43_200);
      (messages.get(ReceiptHandle) as Stored).visibleAt = performance.now() + VisibilityTimeout * 1000;
      return {};
    },
    DeleteMessage: ({ ReceiptHandle }) => ({ deleted: messages.delete(ReceiptHandle) }),
  };
  return http.createServer(async (request, response) => {
    const name = String(request.headers['x-amz-target']).replace('AmazonSQS.', '');
    const answer = actions[name]?.(JSON.parse(await text(request)) as Action);
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    response.writeHead(answer ? 200 : 400).end(JSON.stringify(answer ?? {}));
  });
}

export async function sqs(): Promise<void> {
  const messages = new Map<string, Stored>();
  const queue = queueServer(messages).listen(0, '127.0.0.1');
  await once(queue, 'listening');
  const endpoint = `http://127.0.0.1:${(queue.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const client = new SQSClient({ endpoint, region: 'eu-west-1', credentials, md5: false });
  const QueueUrl = `${endpoint}/1/calls`;

  const server = await TestServer.start();
  server.replies({ status: 429, headers: { 'retry-after': String(WAIT_S) } });
  const gate = headgate({ retry: { inline: '50ms' } });
  const fetch = gate.fetch();
  const handle = hiding(async ({ Body }: Message) => (await fetch(String(Body))).text(), {
    hide: ({ ReceiptHandle }, VisibilityTimeout) =>
      client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout })),
    remove: ({ ReceiptHandle }) => client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle })),
  });
  try {
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: server.url }));
    const handled: boolean[] = [];
    while (messages.size > 0) {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 1 }),
      );
      for (const message of Messages) handled.push(await handle(message));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.deepEqual(handled, [false, true], 'hidden once, then done; received no more often');
    const [refused, served] = server.seen;
    assert(
      refused && served && served.at - refused.at >= WAIT_S * 1000,
      'nothing is sent before the reopening',
    );
    assert.equal(server.seen.length, 2);
  } finally {
    client.destroy();
    await gate.close();
    await server.close();
    queue.closeAllConnections();
    queue.close();
  }
}
