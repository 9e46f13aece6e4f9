/** The adapters of `examples/jobs` with the packages that they are for. `npm run jobs` installs these and runs this. */
import { redisMissing } from '../support/redis-server.ts';
import { bullmq } from './bullmq.ts';
import { sqs } from './sqs.ts';
import { temporal } from './temporal.ts';

const trials = { BullMQ: bullmq, Temporal: temporal, SQS: sqs };

for (const [name, tried] of Object.entries(trials)) {
  if (name === 'BullMQ' && redisMissing) {
    console.log(redisMissing);
    continue;
  }
  await tried();
  console.log(`${name}: a wait is handed over, and nothing is sent before the quota reopens`);
}
