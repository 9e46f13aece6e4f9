/** A warning of the process, with a stable `code`; on the console where the runtime has none. */
export function processWarning(message: string, code: string): void {
  const { process, console } = globalThis as Partial<Pick<typeof globalThis, 'process' | 'console'>>;
  if (typeof process?.emitWarning === 'function') process.emitWarning(message, { code });
  else console?.warn(`${code}: ${message}`);
}
