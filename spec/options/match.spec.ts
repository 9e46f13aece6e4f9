import { expect } from 'chai';
import { headgate, OptionsError } from 'headgate';
import { readOptions } from '../../lib/options/read.ts';

describe('A quota that could never fit a request is refused, with the right way to write it', () => {
  for (const [match, message] of [
    [{ path: '/users/:id' }, /in braces: '\/users\/\{id\}'/],
    [{ path: '/users/:id/posts/:post?' }, /in braces: '\/users\/\{id\}\/posts\/\{post\}'/],
    [{ path: '/users/<id>/<int:post>' }, /in braces: '\/users\/\{id\}\/\{post\}'/],
    [{ path: '/users/[id]' }, /in braces: '\/users\/\{id\}'/],
    [{ path: '/users/{id:int}' }, /in braces: '\/users\/\{id\}'/],
    [{ path: '/users/:id/**' }, /in braces: '\/users\/\{id\}\/\*\*'/],
    [{ path: '/files/[...path]' }, /'\/v1\/\*\*' for everything below, not .* router's syntax/],
    [{ path: '/files/{*path}' }, /'\/v1\/\*\*' for everything below/],
    [{ path: '/files/{path+}' }, /'\/v1\/\*\*' for everything below/],
    [{ path: '/files/{...path}' }, /'\/v1\/\*\*' for everything below/],
    [{ path: '/files/(.*)' }, /not a regular expression/],
    [{ path: '/v[0-9]+/files' }, /not a regular expression/],
    [{ path: '/^api/' }, /not a regular expression/],
    [{ path: '/api$' }, /not a regular expression/],
    [{ path: '*' }, /'\/\*\*' for any path/],
    [{ path: 'https://h/p' }, /the host goes into match\.host/],
    [{ path: '/a/../b' }, /without '\.' and '\.\.'/],
    [{ path: '/api/.*' }, /not a regular expression/],
    [{ path: '/a/\\d+' }, /not a regular expression/],
    [{ path: /^\/api/ }, /'\/v1\/\*\*'.*got a regular expression/],
    [{ path: '/items/{id' }, /every '\{' has its '\}'/],
    [{ path: '/p?x=1' }, /without a query/],
    [{ path: '/x'.repeat(1500) }, /at most 2000 characters/],
    [{ host: 'https://h' }, /without scheme/],
    [{ host: 'h/p' }, /without scheme, path/],
    [{ host: 'me:SECRET@h' }, /without scheme, path and user/],
    [{ host: 'h:443' }, /without its scheme's default port/],
    [{ method: '*' }, /omit match\.method for any/],
    [{ method: [] }, /an HTTP method/],
    [{ method: 'GET,POST' }, /or an array of them/],
  ] as const) {
    it(`${JSON.stringify(match).slice(0, 60)}: ${String(match)}`, () => {
      expect(() => headgate({ quotas: [{ match: match as never }] }))
        .to.throw(OptionsError, message)
        .with.property('option')
        .that.matches(/^quotas\.0\.match\.(?:path|host|method)$/);
    });
  }

  for (const match of [
    { path: '/v1/documents:batchGet' },
    { path: '/v1/{name}:predict' },
    { path: '/.well-known/*' },
    { path: '/v1/$batch' },
    { path: "/Users('{id}')/{user.name}" },
    { path: '/v1/[a]b/*.*' },
    { path: '/{user}+{tag}/a:b' },
    { path: '/' },
    { path: '/größe/{id}' },
    { host: '[::1]:8080' },
    { host: '*.example.com' },
    { method: ['get', 'PURGE'] },
  ]) {
    it(`but not ${JSON.stringify(match)}`, () => {
      readOptions({ quotas: [{ match }] });
    });
  }
});
