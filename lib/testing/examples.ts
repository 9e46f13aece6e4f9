import { headgate } from '../headgate.ts';
import type { Classification, Profile } from '../words/types.ts';
import { type Answer, bodyText, compare, type ExpectedReading, requestOf } from './readings.ts';

/** An answer and its correct reading. */
export interface Example extends Answer {
  /** What it shows. */
  readonly title: string;
  /** Expected fields of the reading. */
  readonly reading: ExpectedReading;
}

/** A profile with its own examples, as made by `defineProfile`. */
export interface WithExamples extends Profile {
  /** What the profile was made from. */
  readonly definition?: { readonly examples?: readonly Example[] | undefined };
}

/**
 * Checks a profile's examples over real HTTP: a loopback server gives each answer to a request sent through a gate with
 * this profile, and the gate's reading must be as expected. Needs Node.js.
 *
 * Throws an `Error` that names the first misread example and the difference, or an `Error` if there are no examples.
 *
 * @param examples Default: the profile's own.
 * @returns the number of examples checked
 */
export async function expectExamples(
  profile: WithExamples,
  examples: readonly Example[] | undefined = profile.definition?.examples,
): Promise<number> {
  if (!examples?.length) throw new Error(`The profile '${profile.name}' has no examples`);
  const { createServer } = await import('node:http');
  let current: Example = examples[0] as Example;
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      response.writeHead(current.status, current.headers ?? {}).end(bodyText(current.body));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  try {
    const { port } = server.address() as { port: number };
    for (current of examples) {
      const read = await readOverHttp(profile, current, `http://127.0.0.1:${port}`);
      compare(read, current.reading, `${profile.name}, '${current.title}'`);
    }
    return examples.length;
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** The gate's reading of the example. */
async function readOverHttp(profile: Profile, example: Example, origin: string): Promise<Classification> {
  let read: Classification | undefined;
  const gate = headgate({
    profile: {
      ...profile,
      classify(outcome) {
        // A 429 is read twice, first its head, then the whole answer: the last reading counts.
        read = profile.classify(outcome);
        return { ...read, verdict: read.verdict === 'success' ? 'success' : 'terminal' };
      },
    },
    retry: { attempts: 1 },
  });
  // Notices about deprecated requests do not matter here.
  gate.on('warning', () => undefined);
  try {
    const { method, url } = requestOf(example);
    const response = await gate.fetch()(`${origin}${url.pathname}${url.search}`, {
      method,
      ...(example.requestBody !== undefined && { body: example.requestBody }),
    });
    await response.text();
  } finally {
    await gate.close();
  }
  if (read === undefined) throw new Error(`${profile.name}, '${example.title}': the answer was not read`);
  return read;
}
