import { expect } from 'chai';
import { generic } from '../../lib/profiles/index.ts';

const request = (url: string) => ({ method: 'GET', url: new URL(url) });
const profile = generic();
const classify = (status: number, body?: string) =>
  profile.classify({ request: request('https://example.com/'), status, body, receivedAt: 0 });

describe('The generic profile', () => {
  it('gives each origin one quota without windows', () => {
    const a = profile.quota(request('https://example.com/a?b=c'));
    expect(a).to.eql({ key: 'https://example.com', windows: [], bucket: 'account' });
    expect(profile.quota(request('https://example.com/z'))).to.eql(a);
    expect(profile.quota(request('https://example.com:8443/a')).key).not.to.equal(a.key);
    expect(profile.quota(request('http://example.com/a')).key).not.to.equal(a.key);
  });

  it('passes the code of an error body on, but goes by the status', () => {
    expect(classify(500, '{"error":{"code":"Oops"}}')).to.include({ verdict: 'transient', code: 'Oops' });
    expect(classify(400, '{"error":{"code":"TooManyItems"}}')).to.include({ verdict: 'terminal' });
    expect(classify(401, '{"error":"invalid_client"}')).to.include({
      verdict: 'unauthorized',
      code: 'invalid_client',
    });
    expect(classify(502, '<html>').code).to.equal(undefined);
    expect(classify(200, '{"error":{"code":"Oops"}}').code).to.equal(undefined);
    expect(classify(500, '{"error":{"code":"O\\nops"}}')).to.include({ code: 'Oops' });
  });

  it('sends its token nowhere and resends nothing on its own word', () => {
    expect(profile.authorizes).to.equal(undefined);
    expect(profile.resendable).to.equal(undefined);
  });
});
