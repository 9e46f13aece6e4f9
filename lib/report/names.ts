/**
 * Readable names of quotas. A profile's keys begin with the owner, `defender/<host>/<tenant>/<app> GET /api/alerts`. If all
 * quotas have the same owner, it only obscures how they differ, so it is left out.
 *
 * @param keys keys of all quotas shown together
 * @returns a name for each key; the key itself if nothing can be left out
 */
export function namesOf(keys: Iterable<string>): Map<string, string> {
  const all = [...new Set(keys)];
  const owners = all.map(ownerOf);
  const longest = owners.reduce((most, owner) => (owner.length > most.length ? owner : most), '');
  if (!owners.every((owner) => longest.startsWith(owner))) return new Map(all.map((key) => [key, key]));
  const names = new Map(all.map((key) => [key, nameOf(key)]));
  return new Set(names.values()).size === names.size ? names : new Map(all.map((key) => [key, key]));
}

function nameOf(key: string): string {
  const owner = ownerOf(key);
  return owner === '' ? key : key.slice(owner.length + 1);
}

/** The first word of a key if it is an owner, which contains a slash, unlike a method or a quota's name. */
function ownerOf(key: string): string {
  const end = key.indexOf(' ');
  const owner = end > 0 ? key.slice(0, end) : '';
  return /^[\w-]+\/./.test(owner) ? owner : '';
}
