/** Bytes that each of 100,000 queued tasks costs other packages; run with `--expose-gc`, the name as argument. */
import { type Line, round, tell } from '../support/line.ts';
import { contestants } from './contestants.ts';

const COUNT = 100_000;
const gc = globalThis.gc as () => void;
const heap = (): number => {
  gc();
  return process.memoryUsage().heapUsed;
};

const lines: Line[] = [];
for (const { name, run } of await contestants(1)) {
  const never = (): Promise<void> => new Promise(() => undefined);
  void run(never);
  const promises = new Array<unknown>(COUNT).fill(undefined);
  const before = heap();
  for (let index = 0; index < COUNT; index += 1) promises[index] = run(never);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const bytesPerTask = (heap() - before) / COUNT;
  lines.push({
    work: `${COUNT.toLocaleString('en')} queued tasks, promises included`,
    who: name,
    result: `${round(bytesPerTask)} B a task`,
    data: { bytesPerTask },
  });
}
tell(lines);
