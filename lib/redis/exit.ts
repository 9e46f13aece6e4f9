/** An object with work to do when the process exits. */
interface Leaver {
  exit(): void;
}

const leavers = new Set<Leaver>();

/** One listener for all: Node.js warns about more than ten. */
const leave = (): void => {
  for (const each of leavers) each.exit();
};

/** Calls `exit()` when the process exits by itself or by `process.exit()`. Does not keep the process alive. */
export function stay(leaver: Leaver): void {
  if (leavers.size === 0) process.on('exit', leave);
  leavers.add(leaver);
}

/** Unregisters a leaver. */
export function farewell(leaver: Leaver): void {
  leavers.delete(leaver);
  if (leavers.size === 0) process.off('exit', leave);
}
