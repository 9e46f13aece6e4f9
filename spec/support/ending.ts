/**
 * Disposes of what a spec owns once it has ended, last one first. Call it in a `describe`; what it returns takes a resource and gives
 * it back. Node.js 22, where the suite has to load, lacks `await using`.
 */
export function endings(): <T extends AsyncDisposable>(resource: T) => T {
  const owned: AsyncDisposable[] = [];
  afterEach(async () => {
    for (const resource of owned.splice(0).reverse()) await resource[Symbol.asyncDispose]();
  });
  return (resource) => {
    owned.push(resource);
    return resource;
  };
}
