import { ClientSecretCredential, ManagedIdentityCredential } from '@azure/identity';
import { expect } from 'chai';
import got from 'got';
import { type Headgate, headgate } from 'headgate';
import { defender } from 'headgate/profiles';
import { TestServer } from '../support/server.ts';

const RESOURCE = 'https://api.securitycenter.microsoft.com';

/** What `@azure/identity` reads to find the identity of an App Service. */
const VARIABLES = ['IDENTITY_ENDPOINT', 'IDENTITY_HEADER', 'IDENTITY_SERVER_THUMBPRINT', 'MSI_ENDPOINT'];

describe('A credential of @azure/identity', () => {
  let server: TestServer;
  let gate: Headgate;
  let issued: number;
  let refuses: boolean;
  let asked: string[];
  const environment = Object.fromEntries(VARIABLES.map((name) => [name, process.env[name]]));

  // The library keeps the endpoint that it found first.
  before(async () => {
    server = await TestServer.start();
    server.handler = (_n, request, response) => {
      const url = new URL(request.url ?? '/', server.url);
      const json = (status: number, body: object): unknown =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      if (url.pathname === '/token') {
        issued += 1;
        asked.push(url.searchParams.get('resource') ?? '');
        if (refuses) json(400, { error: 'invalid_request' });
        else
          json(200, {
            access_token: `t${issued}`,
            expires_on: `${Date.now() / 1000 + 3600}`,
            resource: RESOURCE,
          });
      } else json(200, { saw: request.headers.authorization });
    };
    for (const name of VARIABLES) delete process.env[name];
    process.env.IDENTITY_ENDPOINT = `${server.url}/token`;
    process.env.IDENTITY_HEADER = 'canary-identity';
  });
  beforeEach(() => {
    issued = 0;
    refuses = false;
    asked = [];
  });
  afterEach(() => gate.close());
  after(async () => {
    await server.close();
    for (const name of VARIABLES) {
      if (environment[name] === undefined) delete process.env[name];
      else process.env[name] = environment[name];
    }
  });

  it("provides the token of calls: one fetch for all, for the profile's scope", async () => {
    gate = headgate({ profile: defender(), auth: new ManagedIdentityCredential() });
    const api = gate.got(got);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => api(`${server.url}/api/machines`).json<{ saw: string }>()),
    );
    expect(answers.map(({ saw }) => saw)).to.deep.equal(Array(5).fill('Bearer t1'));
    expect(asked).to.deep.equal([RESOURCE]);
  });

  it('that fails ends the calls that waited for it, and is asked again by the next call', async () => {
    refuses = true;
    gate = headgate({ profile: defender(), auth: new ManagedIdentityCredential({ clientId: 'another' }) });
    const api = gate.fetch();
    const failed = await api(`${server.url}/api/machines`).catch((error: Error) => error);
    expect(failed).to.be.instanceOf(Error);
    expect(server.seen.at(-1)?.url).to.match(/^.token/);
    refuses = false;
    const response = await api(`${server.url}/api/machines`);
    expect(await response.json()).to.deep.equal({ saw: `Bearer t${issued}` });
  });

  it('is accepted by its own type, whichever it is', () => {
    gate = headgate({
      profile: defender({ tenant: 'contoso' }),
      auth: new ClientSecretCredential('contoso', 'app', 'secret'),
    });
  });
});
