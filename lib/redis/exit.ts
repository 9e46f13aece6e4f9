/** Whatever has something to say when the process ends. */
interface Leaver {
  exit(): void;
}

const leavers = new Set<Leaver>();

/** One listener for all: Node.js warns of more than ten. */
const leave = (): void => {
  for (const each of leavers) each.exit();
};

/** Has `exit()` called when the process ends by itself or by `process.exit()`. Keeps nothing alive. */
export function stay(leaver: Leaver): void {
  if (leavers.size === 0) process.on('exit', leave);
  leavers.add(leaver);
}

/** It has nothing to say any more. */
export function farewell(leaver: Leaver): void {
  leavers.delete(leaver);
  if (leavers.size === 0) process.off('exit', leave);
}
