/** The laws as a command: Bun, Deno and Node.js run it with the server's address. */
import { broken } from './laws.ts';

const lines = await broken(process.argv.at(-1) as string);
for (const line of lines) console.error(line);
process.exitCode = lines.length;
