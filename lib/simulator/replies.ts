import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { defenderErrorCodes } from '../profiles/defender/index.ts';
import type { LogEntry, Reply } from './types.ts';

/** Interval between chunks of a dribbling or endless body, in ms. */
const DRIBBLE_MS = 20;
const ENDLESS_CHUNK = 'x'.repeat(16 * 1024);

const statuses = new Map(defenderErrorCodes.map(({ code, status }) => [code, status]));

/** An error in Defender's envelope; the code determines its status. */
export function failure(code: string, message: string): Reply {
  return { code, message };
}

/** Sends a reply and records it in the log. */
export function send(response: ServerResponse, reply: Reply, entry: LogEntry): void {
  const { code, fault, headers = {} } = reply;
  const status = reply.status ?? (code === undefined ? 200 : (statuses.get(code) ?? 400));
  reply.seen?.();
  if (fault === 'hang') return;
  if (fault === 'reset') {
    response.socket?.destroy();
    return;
  }
  entry.status = status;
  entry.code = code;
  let body = reply.body;
  if (code !== undefined && body === undefined) {
    const target = reply.target ?? randomUUID();
    entry.correlationId = target;
    body = { error: { code, message: reply.message ?? `The request failed: ${code}`, target } };
  }
  const text = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body);
  const type = typeof body === 'string' ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8';
  const { date, ...others } = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  if (date === '') response.sendDate = false;
  response.writeHead(status, { 'content-type': type, ...(date && { date }), ...others });
  if (fault === 'endless') dribble(response, () => ENDLESS_CHUNK);
  else if (fault === 'dribble') dribble(response, (index) => text[index]);
  else if (fault === 'truncate')
    response.write(text.slice(0, text.length / 2), () => response.socket?.destroy());
  else response.end(text);
}

/** Writes a body piece by piece, until it ends or the connection closes. */
function dribble(response: ServerResponse, piece: (index: number) => string | undefined): void {
  let index = 0;
  const timer = setInterval(() => {
    const next = piece(index);
    index += 1;
    if (next === undefined) response.end();
    else if (!response.writableNeedDrain) response.write(next);
  }, DRIBBLE_MS);
  timer.unref();
  response.once('close', () => clearInterval(timer));
  response.flushHeaders();
}
