import { randomUUID } from 'node:crypto';
import { pathForm, RouteTable } from '../profiles/define/routes.ts';
import { failure } from './replies.ts';
import type { Reply } from './types.ts';

/** Age at which a machine action is in progress, and at which it has succeeded, in simulated ms. */
const PROGRESS_MS = 20_000;
const SUCCESS_MS = 60_000;

/** A request to the API, with its body. */
export interface ApiRequest {
  readonly method: string;
  readonly url: URL;
  readonly body: string;
  /** Simulated ms. */
  readonly now: number;
  /** Origin for links to further pages. */
  readonly origin: string;
}

/** Size of the simulated population. */
export interface Population {
  readonly machines: number;
  readonly alerts: number;
  readonly pageSize: number;
}

interface Machine {
  readonly id: string;
  readonly computerDnsName: string;
  readonly osPlatform: string;
  readonly riskScore: string;
  readonly healthStatus: string;
}

interface MachineAction {
  readonly id: string;
  readonly type: string;
  readonly machineId: string;
  readonly requestorComment: string;
  readonly startedAt: number;
}

type Handler = (request: ApiRequest, ids: readonly string[]) => Reply;

/** Form of the API's paths. */
const FORM = pathForm('/api', true, true);

/** The simulated part of the Defender for Endpoint API. */
export class Api {
  readonly #pageSize: number;
  readonly #machines: readonly Machine[];
  readonly #alerts: readonly { readonly id: string; readonly machineId: string; readonly severity: string }[];
  readonly #actions = new Map<string, MachineAction>();
  readonly #routes = new Map<string, RouteTable<Handler>>();

  constructor({ machines, alerts, pageSize }: Population) {
    this.#pageSize = pageSize;
    this.#machines = Array.from({ length: machines }, (_, index) => ({
      id: (index + 1).toString(16).padStart(40, '0'),
      computerDnsName: `device-${index + 1}.contoso.com`,
      osPlatform: ['Windows11', 'Windows10', 'Ubuntu', 'macOS'][index % 4] as string,
      riskScore: ['None', 'Low', 'Medium', 'High'][index % 4] as string,
      healthStatus: 'Active',
    }));
    this.#alerts = this.#machines.flatMap(({ id }, index) =>
      Array.from({ length: alerts }, (_, number) => ({
        id: `da${index + 1}_${number + 1}`,
        machineId: id,
        severity: ['Informational', 'Low', 'Medium', 'High'][number % 4] as string,
      })),
    );
    const route = (method: string, path: string, handle: Handler): void => {
      const routes = this.#routes.get(method) ?? new RouteTable(FORM);
      routes.at(path, () => handle);
      this.#routes.set(method, routes);
    };
    route('GET', '/api/machines', (request) => this.#page(request, this.#machines));
    route('GET', '/api/machines/{id}', (_, [id]) => found(this.#machine(id)));
    route('GET', '/api/machines/{id}/alerts', (request, [id]) => {
      const machine = this.#machine(id);
      if (!machine) return missing();
      return this.#page(
        request,
        this.#alerts.filter(({ machineId }) => machineId === machine.id),
      );
    });
    route('GET', '/api/alerts', (request) => this.#page(request, this.#alerts));
    route('GET', '/api/alerts/{id}', (_, [id]) => found(this.#alerts.find((alert) => alert.id === id)));
    route('POST', '/api/advancedqueries/run', (request) => this.#hunt(request));
    route('POST', '/api/machines/{id}/isolate', (request, [id]) => this.#act(request, id, 'Isolate'));
    route('POST', '/api/machines/{id}/unisolate', (request, [id]) => this.#act(request, id, 'Unisolate'));
    route('POST', '/api/machines/{id}/collectInvestigationPackage', (request, [id]) =>
      this.#act(request, id, 'CollectInvestigationPackage'),
    );
    route('GET', '/api/machineactions', (request) =>
      this.#page(
        request,
        [...this.#actions.values()].map((action) => shown(action, request.now)),
      ),
    );
    route('GET', '/api/machineactions/{id}', ({ now }, [id]) => {
      const action = this.#actions.get(id ?? '');
      return found(action && shown(action, now));
    });
    route('GET', '/api/machineactions/{id}/getPackageUri', ({ now, origin }, [id]) => {
      const action = this.#actions.get(id ?? '');
      if (!action || statusAt(action, now) !== 'Succeeded') return missing();
      return { body: { value: `"${origin}/safedownload/${action.id}.zip?token=simulated"` } };
    });
  }

  /** Answers a request. An unknown path gets a 404 without an envelope. */
  answer(request: ApiRequest): Reply {
    const found = this.#routes.get(request.method)?.match(request.url.pathname, () => true);
    if (found) return found.value(request, found.ids);
    return { status: 404, body: '' };
  }

  #machine(id = ''): Machine | undefined {
    return this.#machines.find((machine) => machine.id === id);
  }

  /** OData paging by `$top` and `$skip`, with a link to the next page. */
  #page({ url, origin }: ApiRequest, items: readonly object[]): Reply {
    const top = wholeNumber(url.searchParams.get('$top'), this.#pageSize);
    const skip = wholeNumber(url.searchParams.get('$skip'), 0);
    if (top === undefined || skip === undefined || top > 10_000) {
      return failure('ODataError', 'Invalid value of $top or $skip.');
    }
    const next = new URL(url.pathname, origin);
    for (const [name, value] of url.searchParams) next.searchParams.set(name, value);
    next.searchParams.set('$skip', String(skip + top));
    return {
      body: {
        '@odata.context': `${origin}/api/$metadata`,
        value: items.slice(skip, skip + top),
        ...(skip + top < items.length && { '@odata.nextLink': next.href }),
      },
    };
  }

  #hunt({ body }: ApiRequest): Reply {
    const query = parameters(body);
    if (!query) return failure('InvalidRequestBody', 'Request body is incorrect');
    if (typeof query.Query !== 'string') return failure('MissingRequiredParameter', 'Query is missing');
    const results = this.#machines.slice(0, 5).map(({ id, computerDnsName }) => ({
      DeviceId: id,
      DeviceName: computerDnsName,
    }));
    return { body: { Stats: { ExecutionTime: 0.01 }, Schema: [], Results: results } };
  }

  #act({ body, now }: ApiRequest, id: string | undefined, type: string): Reply {
    const machine = this.#machine(id);
    if (!machine) return missing();
    const given = parameters(body);
    if (!given) return failure('InvalidRequestBody', 'Request body is incorrect');
    for (const name of type === 'Isolate' ? ['Comment', 'IsolationType'] : ['Comment']) {
      if (typeof given[name] !== 'string') return failure('MissingRequiredParameter', `${name} is missing`);
    }
    const active = [...this.#actions.values()].some(
      (action) =>
        action.type === type && action.machineId === machine.id && statusAt(action, now) !== 'Succeeded',
    );
    if (active) return failure('ActiveRequestAlreadyExists', 'Action is already in progress');
    const action: MachineAction = {
      id: randomUUID(),
      type,
      machineId: machine.id,
      requestorComment: given.Comment as string,
      startedAt: now,
    };
    this.#actions.set(action.id, action);
    return { status: 201, body: shown(action, now) };
  }
}

/** Parses a body that is a JSON object. Names keep their case, since body parameters are case-sensitive. */
function parameters(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function statusAt({ startedAt }: MachineAction, now: number): 'Pending' | 'InProgress' | 'Succeeded' {
  const age = now - startedAt;
  return age < PROGRESS_MS ? 'Pending' : age < SUCCESS_MS ? 'InProgress' : 'Succeeded';
}

function shown(action: MachineAction, now: number): object {
  const { startedAt, ...rest } = action;
  return { ...rest, creationDateTimeUtc: new Date(startedAt).toISOString(), status: statusAt(action, now) };
}

function found(item: object | undefined): Reply {
  return item ? { body: item } : missing();
}

function missing(): Reply {
  return failure('ResourceNotFound', 'The resource was not found.');
}

function wholeNumber(text: string | null, otherwise: number): number | undefined {
  if (text === null) return otherwise;
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
