import { expect } from 'chai';
import { ClosedError, DeadlineError, type TokenSource } from 'headgate';
import { generic } from 'headgate/profiles';
import { last, rejection, type Scene, type Stage, send, until } from '../scene.ts';
import type { Laws } from './law.ts';

interface Guarded {
  readonly stage: Stage;
  /** What came as `authorization`, request by request. */
  readonly sent: (string | undefined)[];
  /** Whom the server lets in. */
  valid: string;
  /** The tokens that were refused or had expired, at each time that one was fetched. */
  readonly fetched: (string | undefined)[];
}

/** A gate with tokens. A client that may meet any host at all sends them only where the profile says so. */
function authorized(scene: Scene, token: TokenSource['token']): Stage {
  const { origin } = new URL(scene.url);
  const profile = { ...generic(), authorizes: (url: URL) => url.origin === origin };
  return scene.stage({ auth: { token }, ...(scene.anyHost && { profile }) });
}

/** A server that lets in the bearers of one token, and a gate whose tokens are t1, t2, … */
function guarded(scene: Scene): Guarded {
  const sent: (string | undefined)[] = [];
  const fetched: (string | undefined)[] = [];
  const token: TokenSource['token'] = ({ previous }) => ({ token: `t${fetched.push(previous)}` });
  const all: Guarded = { stage: authorized(scene, token), sent, valid: 't1', fetched };
  scene.server.handler = (_n, request, response) => {
    sent.push(request.headers.authorization);
    response.writeHead(request.headers.authorization === `Bearer ${all.valid}` ? 200 : 401).end('{}');
  };
  return all;
}

export const tokens: Laws = {
  'a token is fetched once for all, and sent': async (scene) => {
    const { stage, sent, fetched } = guarded(scene);
    await Promise.all(Array.from({ length: 9 }, () => send(stage, { url: scene.url })));
    expect(fetched).to.deep.equal([undefined]);
    expect(new Set(sent)).to.deep.equal(new Set(['Bearer t1']));
  },
  'a token that is refused is renewed, and the call made again': async (scene) => {
    const all = guarded(scene);
    all.valid = 't2';
    await send(all.stage, { url: scene.url, method: 'POST', body: { kind: 'string', value: 'a' } });
    expect(all.sent).to.deep.equal(['Bearer t1', 'Bearer t2']);
    expect(all.fetched).to.deep.equal([undefined, 't1']);
    expect(all.stage.events.find(({ type }) => type === 'retry')).to.include({ reason: 'token' });
  },
  'a token that is refused twice ends the call': async (scene) => {
    const all = guarded(scene);
    all.valid = 'none';
    await rejection(all.stage.client.send({ url: scene.url }));
    expect(last(all.stage)).to.include({ verdict: 'unauthorized', reason: 'terminal' });
    expect(all.sent).to.deep.equal(['Bearer t1', 'Bearer t2']);
  },
  'a token goes to no other origin': async (scene) => {
    const { stage } = guarded(scene);
    const other = await scene.another();
    let leaked: string | undefined;
    other.handler = (_n, request, response) => {
      leaked = request.headers.authorization;
      response.end('there');
    };
    scene.server.handler = (_n, _request, response) =>
      response.writeHead(302, { location: `${other.url}/` }).end();
    expect((await send(stage, { url: scene.url })).text).to.equal('there');
    expect(leaked, 'at the other origin').to.equal(undefined);
  },
  'a token never replaces one that the user set': async (scene) => {
    const { stage, sent } = guarded(scene);
    await rejection(stage.client.send({ url: scene.url, headers: { Authorization: 'Mine' } }));
    expect(sent).to.deep.equal(['Mine']);
  },
  'a token that does not come is waited for until the deadline, and no longer': async (scene) => {
    const stage = authorized(scene, () => new Promise(() => undefined));
    const error = await rejection(stage.client.send({ url: scene.url, headgate: { deadline: 60 } }));
    expect(error).to.be.instanceOf(DeadlineError);
    expect(last(stage)).to.include({ type: 'failure', reason: 'deadline' });
    expect(scene.server.seen).to.have.length(0);
  },
  'a closed gate ends a call whose token does not come, and says so to its source': async (scene) => {
    let signal: AbortSignal | undefined;
    const stage = authorized(scene, (ask) => {
      signal = ask.signal;
      return new Promise(() => undefined);
    });
    const call = rejection(stage.client.send({ url: scene.url }));
    await until('a token is asked for', () => signal !== undefined);
    await stage.gate.close();
    expect(await call).to.be.instanceOf(ClosedError);
    expect(signal?.aborted).to.equal(true);
  },
  'a token that cannot be renewed for a resend ends the call: no attempt follows': async (scene) => {
    let fetched = 0;
    const stage = authorized(scene, () => {
      fetched += 1;
      if (fetched > 1) throw new Error('no token any more');
      return { token: 't1' };
    });
    scene.server.handler = (_n, _request, response) => response.writeHead(401).end();
    const error = await rejection(stage.client.send({ url: scene.url }));
    expect(`${error.message} ${(error.cause as Error | undefined)?.message}`).to.include('no token any more');
    expect(scene.server.seen).to.have.length(1);
    expect(fetched).to.equal(2);
  },
  'a token that cannot be fetched fails the call before it is sent': async (scene) => {
    const token = async (): Promise<never> => {
      throw new Error('no token today');
    };
    const stage = authorized(scene, token);
    const error = await rejection(stage.client.send({ url: scene.url }));
    expect(`${error.message} ${(error.cause as Error | undefined)?.message}`).to.include('no token today');
    expect(scene.server.seen).to.have.length(0);
    expect(last(stage).attempts).to.have.length(0);
  },
};
