/** Error patterns of Redis and the network, each with a remedy. The first match applies. */
const REMEDIES: readonly (readonly [pattern: RegExp, remedy: string])[] = [
  [/NOAUTH/, "it requires a password: set one in the URL or in the client's options"],
  [/WRONGPASS|invalid password|invalid username/i, 'correct the user name and the password'],
  [
    /NOPERM|no permissions|user executing the script/,
    "grant the user '+@all ~PREFIX:* ~b_{PREFIX:* &PREFIX:* &b_{PREFIX:*', or at least scripting, TIME, hashes, sorted sets, strings and publish/subscribe",
  ],
  [/OOM/, "raise its 'maxmemory', or free memory"],
  [/READONLY/, 'it is a replica: connect to the primary; the ledger reconnects until it reaches it'],
  [/MISCONF/, 'it cannot save its data to disk: see its log'],
  [/NOREPLICAS/, "it has too few replicas: see its 'min-replicas-to-write'"],
  [/LOADING/, 'it is loading its data: it will be used once that is done'],
  [/MASTERDOWN/, 'its primary is down'],
  [/CLUSTERDOWN|slots/i, 'no node of the cluster serves these keys: repair the cluster'],
  [/MOVED|ASK |CROSSSLOT/, "it is a node of a cluster: use 'cluster', or a Cluster as 'client'"],
  [/max number of clients/, "raise its 'maxclients'"],
  [/DENIED|protected mode/i, 'it runs in protected mode: set a password'],
  [/BUSY|UNKILLABLE/, "another client's script has been running too long: end it"],
  [/WRONGTYPE/, "another application uses a key of this name: choose another 'prefix'"],
  [/DB index|SELECT/, 'choose a database that it has'],
  [/non deterministic commands/, 'it is too old: Redis 5 or later is needed'],
  [
    /unknown command|NOSCRIPT|not supported|disabled|unknown redis command/i,
    'the ledger needs scripting (EVAL, EVALSHA), TIME, hashes, sorted sets and publish/subscribe',
  ],
  [/sentinel/i, "check that the sentinels run and know the group 'name'"],
  [/certificate|CERT_|self.signed|ERR_TLS|SSL|EPROTO/i, "set the right 'tls' options, such as 'ca'"],
  [/ENOTFOUND|EAI_AGAIN/, 'correct the host name'],
  [
    /ECONNRESET|EPIPE|closed/,
    "check that it runs there, uses TLS if and only if the options do, and has not reached its 'maxclients'",
  ],
  [/ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOENT/, 'check that it runs there'],
];

/** Reason why Redis is unusable, with the remedy, in one sentence without a full stop. */
export function explainFailure(error: Error | undefined, prefix: string): string {
  if (!error) return 'Redis does not answer';
  const cause = causeOf(error);
  const text = cause.message.split(/\n|, with args/, 1)[0]?.slice(0, 200) || String(cause);
  const code = String((cause as NodeJS.ErrnoException).code ?? '');
  const [, remedy] = REMEDIES.find(([pattern]) => pattern.test(`${text} ${code}`)) ?? [];
  const advice = remedy === undefined ? '' : `; ${remedy.replaceAll('PREFIX', prefix)}`;
  return `${code.startsWith('E') ? 'Redis cannot be reached' : 'Redis refuses'} (${text}${advice})`;
}

/** The root error inside the wrappers of ioredis and Node.js. */
function causeOf(error: Error): Error {
  const { lastNodeError, errors } = error as { lastNodeError?: unknown; errors?: readonly unknown[] };
  for (const inner of [lastNodeError, errors?.[0]]) if (inner instanceof Error) return causeOf(inner);
  return error;
}
