/**
 * Tells from a parameter's name whether its value is a secret, by the words that the name is made of. `author`,
 * `design`, `monkey` and `signal` are words of their own; `clientSecret`, `api_keys[]` and `accesstoken` hold one that
 * tells of a secret. Where a name leaves a doubt, its value is hidden.
 *
 * Sources: the OpenTelemetry semantic conventions (`url.query`); the names of OAuth 2.0, SAML 2.0, AWS, Azure, Google
 * Cloud and of common web frameworks.
 */

/** A parameter that the user wants hidden: its name, in any case, or what matches it. */
export type Redaction = string | RegExp;

const set = (words: string): ReadonlySet<string> => new Set(words.split(/\s+/));

/** Words that name a secret by themselves. */
const SECRETS = set(`appid apikey apisig assertion auth authcode authentication authenticity authorization
  authtoken bearer code cookie cred credential cvc cvv csrf hash hmac jwe jws jwt kennwort key mac mfa nonce oauth otp
  pass passcode passkey passphrase passwd passwort password pat pin psk pw pwd samlart samlrequest samlresponse sas secret sess session sessid sid
  sig sign signature signed ticket token totp hotp verifier xsrf`);

/** Of these, words that do so only where there is no other. */
const ONLY_ALONE = set('mac oauth pat');

/** Endings of a word that name a secret, whatever stands before them: `mytoken`, `PHPSESSID`. */
const ENDINGS = [
  'token',
  'secret',
  'password',
  'passwd',
  'passwort',
  'passphrase',
  'passcode',
  'pwd',
  'key',
  'signature',
  'credential',
  'verifier',
  'assertion',
  'ticket',
  'nonce',
  'hmac',
  'jwt',
  'totp',
  'cookie',
  'sessid',
];

/** Whatever word they stand in: `ASPSESSIONIDQQABCD`, `passwordconfirm`. */
const ANYWHERE = ['sessionid', 'password', 'passphrase', 'apikey', 'secretkey', 'accesskey', 'authtoken'];

/** Words that end as a secret does, but name none. */
const HARMLESS =
  set(`monkey donkey turkey hockey jockey whiskey hotkey lackey mickey turnkey latchkey flunkey smokey
  lowkey shortkey`);

/** What may stand before a secret in one word: `apisig`, `userpin`. */
const BEFORE =
  set(`access account acct active admin amz api app asp auth aws azure backup basic bot card client confirm
  confirmation connect consumer current customer db device dev email encryption ftp gcp gh git github gitlab goog google
  http id invite j jira login logon magic mail main master my net new oauth old one openid org owner phone php private
  prod public read recovery redis refresh remember request reset root saml sandbox security server service shared signing
  sms smtp sql ssh ssl sso stripe sub subscription super temp tenant test time tls user vendor verification verify web
  webhook wifi write x`);

/** What may stand after a secret in one word: `tokenid`, `keydata`. */
const AFTER = set('b64 base64 data enc hash id ids string text value');

/** Words before `code` and `key` by which they are no secrets: `country_code`, `partitionKey`. */
const PLAIN_CODE =
  set(`airport area bar bin bundle cost country currency dial error exit geo http iata iban icao
  lang language mime naics postal post product qr reason region response short source state status swift tax zip`);
const PLAIN_KEY = set('foreign hot partition primary row sort');

/** Words beside which `tokens` and `keys` are counted, if the value is a number: `max_tokens`. */
const COUNTED = set('count limit max maximum min minimum n num number total');

/** Length of the longest word of these. */
const LONGEST_PART = 14;
/** Maximum number of characters of a name that are read. */
const LONGEST = 256;
/** Maximum number of names whose reading is kept, and the length of such a name. */
const MOST_KEPT = 1000;
const LONGEST_KEPT = 40;

const kept = new Map<string, boolean>();

/** Whether `name`, not encoded, tells of a secret. */
export function isSecretName(name: string): boolean {
  if (name.length > LONGEST_KEPT) return judge(name.slice(-LONGEST));
  let secret = kept.get(name);
  if (secret === undefined) {
    secret = judge(name);
    if (kept.size >= MOST_KEPT) kept.clear();
    kept.set(name, secret);
  }
  return secret;
}

/** Whether its value is a count, not a secret: `max_tokens=100`. */
export function isCount(name: string, value: string): boolean {
  return /^\d{0,9}$/.test(value) && wordsOf(name.slice(-LONGEST)).some((word) => COUNTED.has(word));
}

/** Whether the user named this parameter among those to be hidden. */
export function isNamed(name: string, redactions: readonly Redaction[]): boolean {
  const lower = name.toLowerCase();
  // `search` heeds no `lastIndex`.
  return redactions.some((each) =>
    typeof each === 'string' ? matches(lower, each.toLowerCase()) : name.search(each) >= 0,
  );
}

/** `filter[mine]` and `mine[]` are named `mine` as well. */
function matches(name: string, wanted: string): boolean {
  return name === wanted || name.split(/[[\].]/).includes(wanted);
}

function judge(name: string): boolean {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '');
  const words = wordsOf(plain);
  if (words.some((word, at) => tells(word, words[at - 1], words.length))) return true;
  // Words that belong together, however they are set apart: `app_id`, `API-Key`, `pass phrase`, `APIkey`.
  for (let at = 0; at < words.length - 1; at += 1) {
    if (SECRETS.has(singular(`${words[at]}${words[at + 1]}`))) return true;
  }
  return plain
    .toLowerCase()
    .split(/[^\p{L}\p{N}]/u)
    .some((run) => run.length > 0 && !words.includes(run) && tells(run, undefined, 1));
}

/** Whether one word of a name tells of a secret. */
function tells(word: string, before: string | undefined, count: number): boolean {
  const one = singular(word);
  if (HARMLESS.has(one)) return false;
  if (one.endsWith('code') && PLAIN_CODE.has(one === 'code' ? (before ?? '') : one.slice(0, -4)))
    return false;
  if (one.endsWith('key') && PLAIN_KEY.has(one === 'key' ? (before ?? '') : one.slice(0, -3))) return false;
  if (SECRETS.has(one)) return !ONLY_ALONE.has(one) || count === 1;
  if (ANYWHERE.some((secret) => word.includes(secret))) return true;
  return ENDINGS.some((ending) => one.endsWith(ending)) || isJoined(one);
}

/** `keys` is `key`; `sas` and `pass` are no plurals. */
function singular(word: string): string {
  if (word.length < 3 || !word.endsWith('s') || SECRETS.has(word) || word.endsWith('ss')) return word;
  const stem = word.endsWith('es') ? word.slice(0, -2) : '';
  return SECRETS.has(stem) ? stem : word.slice(0, -1);
}

/** Whether a word is made of others, one of which is a secret: any number before it, at most one after it. */
function isJoined(word: string): boolean {
  /** Where what may stand before a secret may end. */
  const starts = new Set([0]);
  for (const start of starts) {
    const last = Math.min(word.length, start + LONGEST_PART);
    for (let end = start + 1; end <= last; end += 1) {
      const part = word.slice(start, end);
      if (SECRETS.has(part)) {
        const rest = word.slice(end);
        if (start > 0 && rest === '') return true;
        if (rest !== '' && part.length > 2 && (AFTER.has(rest) || SECRETS.has(rest))) return true;
      }
      if (BEFORE.has(part)) starts.add(end);
    }
  }
  return false;
}

/** The words of a name, in lower case: at what is no letter, and at a capital. */
function wordsOf(name: string): string[] {
  return name
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .replace(/\p{N}/gu, ' ')
    .toLowerCase()
    .split(/[^\p{L}]/u)
    .filter(Boolean);
}
