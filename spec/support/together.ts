/** One case of a table: its title, and what it does. */
export type Case = readonly [title: string, run: () => Promise<void>];

/**
 * Declares a table of cases that spend their time waiting: all of them run at the same time, a few at once, and each
 * reports under its own title. A case has servers and gates of its own. Call it last in its `describe`, whose `before` comes first.
 */
export function together(cases: readonly Case[], most = 10): void {
  const outcomes: PromiseWithResolvers<void>[] = cases.map(() => {
    const outcome = Promise.withResolvers<void>();
    outcome.promise.catch(() => undefined);
    return outcome;
  });

  before(() => {
    const waiting = cases.keys();
    const next = async (): Promise<void> => {
      for (const index of waiting) {
        const run = (cases[index] as Case)[1];
        await run().then(outcomes[index]?.resolve, outcomes[index]?.reject);
      }
    };
    for (let worker = 0; worker < most; worker += 1) void next();
  });

  for (const [index, [title]] of cases.entries()) it(title, () => outcomes[index]?.promise);
}
