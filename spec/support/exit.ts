/** `node exit.ts <scene> <url>`: plays one scene and then has nothing more to do. */
import got from 'got';
import { headgate } from 'headgate';

const [scene, url] = process.argv.slice(2) as [string, string];
const gate = headgate({ quotas: [{ windows: [{ limit: 1, per: '1h' }] }] });
const api = gate.got(got);

switch (scene) {
  case 'idle':
    await api(url);
    break;
  case 'aborted': {
    await api(url);
    const controller = new AbortController();
    const waiting = api(url, { signal: controller.signal }).catch(() => undefined);
    setTimeout(() => controller.abort(), 50);
    await waiting;
    break;
  }
  case 'paused': {
    const open = headgate();
    const waiting = open.got(got)(url);
    process.once('exit', () => console.log('exit'));
    await waiting;
    console.log('answered');
    break;
  }
  case 'token':
  case 'sign': {
    const hang = (): Promise<never> => new Promise(() => undefined);
    const own = headgate({
      retry: { deadline: '200ms' },
      ...(scene === 'token' && { auth: { token: hang } }),
      ...(scene === 'sign' && { sign: hang }),
    });
    await own
      .got(got)(url)
      .catch((error: Error) => console.log(error.name));
    break;
  }
  case 'closed': {
    const closed = headgate({ auth: { token: () => new Promise(() => undefined) } });
    closed
      .got(got)(url)
      .catch(() => undefined);
    await closed.close();
    break;
  }
  case 'unawaited':
    process.on('unhandledRejection', (reason) => {
      console.log(`unhandled ${(reason as Error).name}`);
      process.exit(0);
    });
    void api(url);
    break;
}
