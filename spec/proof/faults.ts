/** What a server, or the way to it, can do to one request. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { brotliCompressSync, gzipSync } from 'node:zlib';

/** What a server does with one request. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface Fault {
  readonly name: string;
  readonly answer: Answer;
  /** Where the request goes that the fault strikes; default: to the server. */
  readonly url?: string;
}

const TEXT = 'x'.repeat(2000);

function status(code: number, headers: Record<string, string> = {}, body = '{"error":{"code":"E"}}'): Answer {
  return (_request, response) => response.writeHead(code, headers).end(body);
}

/** Bytes as they are, and then nothing more, or the end of the connection. */
function raw(bytes: string, end: 'end' | 'reset' | 'open' = 'end'): Answer {
  return ({ socket }) => {
    if (end === 'end') socket.end(bytes);
    else if (end === 'open') socket.write(bytes);
    else socket.write(bytes, () => socket.resetAndDestroy());
  };
}

/** The head and half of the body, and then the end of the connection. */
function cut(code: number, headers: Record<string, string> = {}): Answer {
  return ({ socket }, response) => {
    response.writeHead(code, { 'content-length': String(2 * TEXT.length), ...headers });
    response.write(TEXT, () => setTimeout(() => socket.destroy(), 2));
  };
}

/** A body without an end, a byte at a time. */
function drip(code: number): Answer {
  return (_request, response) => {
    response.writeHead(code);
    const timer = setInterval(() => response.write('.'), 20);
    response.on('close', () => clearInterval(timer));
  };
}

const faults: Readonly<Record<string, Answer>> = {
  '200': status(200, {}, TEXT),
  '200, empty': status(200, {}, ''),
  '204': (_request, response) => response.writeHead(204).end(),
  '103, then 200': (_request, response) => {
    response.writeEarlyHints({ link: '</a>; rel=preload' });
    response.end(TEXT);
  },
  '302 in a circle': ({ url = '/' }, response) => response.writeHead(302, { location: url }).end(),
  '302 to nowhere': status(302, { location: 'http://[' }, ''),
  '302 without a location': status(302, {}, ''),
  '304': (_request, response) => response.writeHead(304).end(),
  '400': status(400),
  '401': status(401, { 'www-authenticate': 'Bearer' }),
  '403': status(403),
  '404, 300 kB': status(404, {}, 'x'.repeat(300_000)),
  '408': status(408),
  '413 with Retry-After': status(413, { 'retry-after': '1' }),
  '421': status(421),
  '429': status(429),
  '429 of 5 ms': status(429, { 'retry-after-ms': '5' }),
  '429 of an hour': status(429, { 'retry-after': '3600' }),
  '429 of nonsense': status(429, { 'retry-after': 'soon', 'x-ratelimit-reset': 'NaN' }),
  '500': status(500),
  '501': status(501),
  '502, no body': status(502, {}, ''),
  '503 of a date gone by': status(503, { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }),
  '529': status(529),
  '599': status(599),
  'a body cut off': cut(200),
  'an error cut off': cut(404),
  'a 503 cut off': cut(503),
  'chunks cut off': ({ socket }, response) => {
    response.write(TEXT, () => setTimeout(() => socket.destroy(), 2));
  },
  'a chunk of nonsense': raw('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'),
  'a gzip that is none': status(200, { 'content-encoding': 'gzip' }, TEXT),
  'a gzip cut off': (_request, response) => {
    response
      .writeHead(200, { 'content-encoding': 'gzip' })
      .end(gzipSync(Buffer.alloc(9000, 'ab')).subarray(0, 20));
  },
  'a 503 whose brotli is none': status(503, { 'content-encoding': 'br' }, TEXT),
  'a 429 in brotli': (_request, response) => {
    response
      .writeHead(429, { 'content-encoding': 'br', 'retry-after-ms': '5' })
      .end(brotliCompressSync('{"error":{"message":"wait 1 second"}}'));
  },
  'a body without an end': drip(200),
  'an error without an end': drip(400),
  'no answer': () => undefined,
  'an end without an answer': ({ socket }) => socket.end(),
  'a reset without an answer': ({ socket }) => socket.resetAndDestroy(),
  'half a head, then a reset': raw('HTTP/1.1 200 OK\r\ncontent-le', 'reset'),
  'half a head, then nothing': raw('HTTP/1.1 200 OK\r\ncontent-le', 'open'),
  'no HTTP': raw('hello\r\n\r\n'),
  'a status that is none': raw('HTTP/1.1 abc OK\r\n\r\n'),
  'a head of 1 MB': raw(`HTTP/1.1 200 OK\r\nx-a: ${'x'.repeat(1_000_000)}\r\n\r\n`),
  'two lengths': raw('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx'),
  'a switch of protocols unasked': raw('HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
};

/** Faults of the way, by where it leads. */
const ways: Readonly<Record<string, string>> = {
  'a port that is closed': 'http://127.0.0.1:1/',
  'a host that does not exist': 'http://nowhere.invalid/',
  'an address that leads nowhere': 'http://240.0.0.1/',
  'a port without TLS': 'https://127.0.0.1:1/',
};

export const allFaults: readonly Fault[] = [
  ...Object.entries(faults).map(([name, answer]) => ({ name, answer })),
  ...Object.entries(ways).map(([name, url]) => ({
    name,
    url,
    answer: ((_request, response) => response.writeHead(307, { location: url }).end()) as Answer,
  })),
];
