/**
 * Templates of paths and hosts. `{id}` matches one or more characters of a segment; `*` matches zero or more characters
 * of a segment; `**` matches anything, including slashes. All other text matches itself, ignoring case.
 *
 * Matching never backtracks, so no path takes long, whatever the template. In most templates each wildcard ends where
 * its segment does, so a single pass from left to right decides. Any other template runs as an automaton, all of whose states
 * advance over each character once: the cost is at most the length of the text times the length of the template.
 */

/** Wildcard steps of a compiled template; any other number is a character code. */
const ONE = -1;
const PART = -2;
const ANYTHING = -3;

/** A compiled template. */
export interface PathTemplate {
  /** The literal text before the first wildcard, in lower case. */
  readonly prefix: string;
  /** Whether all of `text` matches, ignoring case. */
  fits(text: string): boolean;
}

/**
 * Compiles a template.
 *
 * @param stops characters that `{id}` and `*` do not match
 */
export function pathTemplate(template: string, stops: string = '/'): PathTemplate {
  const steps: number[] = [];
  let prefix = '';
  for (const [part] of template.matchAll(/\*{1,2}|\{[^{}/]*\}|./gsu)) {
    if (part === '**') steps.push(ANYTHING);
    else if (part === '*') steps.push(PART);
    else if (part.startsWith('{') && part.endsWith('}')) steps.push(ONE, PART);
    else {
      const literal = encoded(part).toLowerCase();
      if (steps.length === prefix.length) prefix += literal;
      for (let i = 0; i < literal.length; i += 1) steps.push(literal.charCodeAt(i));
    }
  }
  if (steps.length === prefix.length) return { prefix, fits: (text) => text.toLowerCase() === prefix };
  const rest = Int32Array.from(steps.slice(prefix.length));
  const accepts = straight(rest, stops) ?? automaton(rest, stops);
  return {
    prefix,
    fits(text) {
      const lower = text.toLowerCase();
      return lower.startsWith(prefix) && accepts(lower, prefix.length);
    },
  };
}

type Accepts = (text: string, from: number) => boolean;

/** Single-pass matcher; `undefined` unless every wildcard ends where its segment does. */
function straight(steps: Int32Array, stops: string): Accepts | undefined {
  for (const [at, step] of steps.entries()) {
    const next = steps[at + 1];
    if (step >= 0 || step === ONE || next === undefined) continue;
    if (step === ANYTHING || next < 0 || !stops.includes(String.fromCharCode(next))) return undefined;
  }
  return (text, from) => {
    let at = from;
    for (const step of steps) {
      if (step === ANYTHING) return true;
      if (step === PART) at = stopFrom(text, at, stops);
      else if (step >= 0 ? text.charCodeAt(at) === step : isPart(text, at, stops)) at += 1;
      else return false;
    }
    return at === text.length;
  };
}

/** Matcher for any template: tracks the possible states after each character. */
function automaton(steps: Int32Array, stops: string): Accepts {
  const end = steps.length;
  /** Last round in which each state was entered. */
  const entered = new Float64Array(end + 1);
  let round = 0;
  let states = new Int32Array(end + 1);
  let following = new Int32Array(end + 1);
  let count = 0;

  /** Enters a state, and the states after it that need no character. */
  function enter(state: number): void {
    for (let at = state; entered[at] !== round; at += 1) {
      entered[at] = round;
      following[count++] = at;
      if (steps[at] !== PART && steps[at] !== ANYTHING) return;
    }
  }

  return (text, from) => {
    round += 1;
    count = 0;
    enter(0);
    for (let at = from; at < text.length && count > 0; at += 1) {
      const current = following;
      const size = count;
      following = states;
      states = current;
      count = 0;
      round += 1;
      const code = text.charCodeAt(at);
      const part = isPart(text, at, stops);
      for (let i = 0; i < size; i += 1) {
        const state = current[i] as number;
        const step = steps[state];
        // A trailing `**` matches the rest.
        if (step === ANYTHING && state === end - 1) return true;
        if (step === ANYTHING || (step === PART && part)) enter(state);
        else if (step === code || (step === ONE && part)) enter(state + 1);
      }
    }
    return entered[end] === round;
  };
}

/** Index at which the segment that contains `from` ends. */
function stopFrom(text: string, from: number, stops: string): number {
  if (stops.length === 1) {
    const stop = text.indexOf(stops, from);
    return stop < 0 ? text.length : stop;
  }
  let at = from;
  while (isPart(text, at, stops)) at += 1;
  return at;
}

function isPart(text: string, at: number, stops: string): boolean {
  if (at >= text.length) return false;
  const code = text.charCodeAt(at);
  for (let i = 0; i < stops.length; i += 1) if (stops.charCodeAt(i) === code) return false;
  return true;
}

/** A character as `URL` encodes it in a path. */
function encoded(character: string): string {
  return /[^!-~]/.test(character) ? encodeURIComponent(character.toWellFormed()) : character;
}
