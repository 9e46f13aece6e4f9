import { expect } from 'chai';
import { bodyNames } from '../../lib/profiles/defender/parameters.ts';
import { resendings } from '../../lib/profiles/defender/resendable.ts';
import {
  defender,
  defenderErrorCodes,
  defenderExpectations,
  defenderLimits,
  defenderLimitsAsOf,
} from '../../lib/profiles/index.ts';
import { BODY_LIMIT } from '../../lib/words/types.ts';

const profile = defender();
const HOST = 'https://api.security.microsoft.com';
const request = (line: string, body?: unknown) => {
  const [method = '', path = ''] = line.split(' ');
  const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
  return { method, url: new URL(path, HOST), body: () => text };
};

describe('The hint for a body that Defender refuses', () => {
  const hint = (line: string, body: unknown, code = 'InvalidRequestBody') =>
    profile.classify({
      request: request(line, body),
      status: 400,
      body: JSON.stringify({ error: { code } }),
      receivedAt: 0,
    }).hint;
  const isolate = 'POST /api/machines/a/isolate';

  it('says that names are case-sensitive', () => {
    for (const code of ['InvalidRequestBody', 'MissingRequiredParameter']) {
      expect(hint(isolate, undefined, code))
        .to.match(/case-sensitive/)
        .and.not.match(/should be/);
    }
  });

  it('names what was sent in the wrong case', () => {
    const text = hint(isolate, { comment: 'x', isolationtype: 'Full' }, 'MissingRequiredParameter');
    expect(text).to.match(
      /Here, `comment` should be `Comment`, `isolationtype` should be `IsolationType`\.$/,
    );
    expect(hint('POST /API/v1.0/Machines/a/Isolate/', { COMMENT: 'x' })).to.include(
      '`COMMENT` should be `Comment`',
    );
    expect(hint('POST /api/alerts/batchUpdate', { AlertIds: [], Status: 'New' })).to.include(
      '`AlertIds` should be `alertIds`, `Status` should be `status`',
    );
  });

  it('looks into objects and lists', () => {
    const live = { Commands: [{ type: 'GetFile', Params: [{ Key: 'Path', value: 'x' }] }], comment: 'x' };
    expect(hint('POST /api/machines/a/runliveresponse', live)).to.match(
      /Here, `comment` should be `Comment`, `Params` should be `params`, `Key` should be `key`\.$/,
    );
    const indicators = {
      indicators: [{ IndicatorValue: 'a' }, { IndicatorValue: 'b' }, { indicatorValue: 'c' }],
    };
    expect(hint('POST /api/indicators/import', indicators)).to.match(
      /Here, `indicators` should be `Indicators`, `IndicatorValue` should be `indicatorValue`\.$/,
    );
  });

  it('corrects no name that is right, unknown, or right beside a wrong one', () => {
    for (const body of [
      { Comment: 'x' },
      { kommentar: 'x' },
      { Comment: 'x', comment: 'y' },
      {},
      [],
      'text',
      '7',
      'null',
      '{"comment":',
    ]) {
      expect(hint(isolate, body), JSON.stringify(body)).not.to.match(/should be/);
    }
    expect(hint('POST /api/unknown', { comment: 'x' })).not.to.match(/should be/);
    expect(hint(isolate, { comment: 'x' }, 'BadRequest')).not.to.match(/should be/);
  });

  it('is short, whatever the body', () => {
    const names = Object.fromEntries([...'abcdefgh'].map((c) => [c, 1]));
    const wrong = {
      IndicatorValue: 1,
      IndicatorType: 1,
      Action: 1,
      Application: 1,
      Title: 1,
      Description: 1,
      ...names,
    };
    expect(hint('POST /api/indicators', wrong)?.match(/should be/g)).to.have.length(5);
  });

  it('survives a body that is huge, deep or cannot be read', () => {
    const plain = hint(isolate, undefined);
    expect(hint(isolate, `{"comment":"${'x'.repeat(BODY_LIMIT)}"}`)).to.equal(plain);
    expect(hint(isolate, `${'['.repeat(30_000)}${']'.repeat(30_000)}`)).to.equal(plain);
    expect(
      hint('POST /api/indicators/import', `{"Indicators":${'['.repeat(30_000)}${']'.repeat(30_000)}}`),
    ).to.equal(plain);
    const throws = {
      ...request(isolate),
      body: () => {
        throw new Error('consumed');
      },
    };
    const body = '{"error":{"code":"InvalidRequestBody"}}';
    expect(profile.classify({ request: throws, status: 400, body, receivedAt: 0 }).hint).to.equal(plain);
  });
});

describe('A Defender request is resendable', () => {
  const resendable = (line: string, body?: unknown) => profile.resendable?.(request(line, body));

  it('where it asks or sets', () => {
    for (const line of [
      'POST /api/advancedqueries/run',
      'POST /api/v1.0/machines/a/setDeviceValue',
      'POST /api/machines/a/tags',
      'PATCH /api/machines/a',
      'POST /api/indicators',
      'POST /api/indicators/import',
      'POST /api/DeviceAuthenticatedScanDefinitions/GetScanHistoryBySessionId',
    ]) {
      expect(resendable(line), line).to.equal(true);
    }
  });

  it('not where a repetition acts twice, or fails because of the first', () => {
    for (const line of [
      'POST /api/machines/a/isolate',
      'POST /api/machines/a/runAntiVirusScan',
      'POST /api/machines/a/offboard',
      'POST /api/machines/a/runliveresponse',
      'POST /api/machines/a/startInvestigation',
      'POST /api/machineactions/a/cancel',
      'POST /api/alerts/CreateAlertByReference',
      'POST /api/indicators/BatchDelete',
      'POST /api/libraryfiles',
      'POST /api/DeviceAuthenticatedScanDefinitions',
      'POST /api/somethingNew',
      'POST https://example.com/api/indicators',
    ]) {
      expect(resendable(line), line).to.equal(false);
    }
  });

  it('where it updates an alert, unless it adds a comment or may do so', () => {
    for (const line of ['PATCH /api/alerts/da1', 'POST /api/alerts/batchUpdate']) {
      expect(resendable(line, { status: 'Resolved' })).to.equal(true);
      expect(resendable(line, { status: 'Resolved', comment: 'x' })).to.equal(false);
      expect(resendable(line, { Comment: 'x' })).to.equal(false);
      for (const unreadable of [undefined, '', '{', '7', 'null'])
        expect(resendable(line, unreadable)).to.equal(false);
    }
  });
});

describe('The advanced-hunting endpoint', () => {
  it('is announced as retired, with its successor', () => {
    const notice = profile.notice?.(request('POST /API/v1.0/advancedQueries/run'));
    expect(notice).to.include({ code: 'deprecated-endpoint' });
    expect(notice?.message).to.match(/https:\/\/graph\.microsoft\.com\/v1\.0\/security\/runHuntingQuery/);
  });

  it('is the only one', () => {
    for (const { method, path } of defenderLimits) {
      if (path !== '/api/advancedqueries/run')
        expect(profile.notice?.(request(`${method} ${path}`))).to.equal(undefined);
    }
    expect(profile.notice?.(request('POST https://example.com/api/advancedqueries/run'))).to.equal(undefined);
  });
});

describe("The Defender profile's tables", () => {
  it('speak of endpoints that exist', () => {
    const ids = new Set(defenderLimits.map(({ method, path }) => `${method} ${path}`));
    const named = [
      ...bodyNames.keys(),
      ...resendings.keys(),
      ...defenderExpectations.map((e) => `${e.method} ${e.path}`),
    ];
    for (const id of named) expect(ids.has(id), id).to.equal(true);
  });

  it('are dated and sourced, and name each code once', () => {
    expect(defenderLimitsAsOf).to.match(/^\d{4}-\d{2}-\d{2}$/);
    for (const { source } of defenderLimits) expect(source).to.be.oneOf(['V26', 'V25', 'V22', 'S25', 'none']);
    expect(new Set(defenderErrorCodes.map(({ code }) => code)).size).to.equal(defenderErrorCodes.length);
  });
});
