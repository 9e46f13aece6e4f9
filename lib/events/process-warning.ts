/** Emits a process warning with a stable `code`; writes to the console if the runtime has no such warnings. */
export function processWarning(message: string, code: string): void {
  const { process, console } = globalThis as Partial<Pick<typeof globalThis, 'process' | 'console'>>;
  if (typeof process?.emitWarning === 'function') process.emitWarning(message, { code });
  else console?.warn(`${code}: ${message}`);
}
