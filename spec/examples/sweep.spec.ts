import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';

const ROOT = path.join(import.meta.dirname, '../..');

describe('npm start', () => {
  it('shows the quotas at work, keeps every law, and ends by the path of a report', function () {
    this.timeout(90_000);
    const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
    const [, ...parts] = scripts.start.split(' ');
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MDE_')));
    // when it runs without a terminal
    const { status, stdout, stderr } = spawnSync(process.execPath, parts, {
      cwd: ROOT,
      env,
      encoding: 'utf8',
    });
    expect(status, stderr + stdout).to.equal(0);
    // then its lines are plain, and show quotas by their names
    expect(stdout).to.not.include('\u001b');
    expect(stdout).to.match(/^GET \/api\/machines +[█░]+ \d+\/\d+ per/m);
    expect(stdout).to.include('240/240 calls');
    expect(stdout).to.not.include('BROKEN');
    // and its last line is the path of a page
    const page = /^Report: (.+\.html)\n$/m.exec(stdout)?.[1] as string;
    const html = readFileSync(page, 'utf8');
    rmSync(path.dirname(page), { recursive: true });
    expect(html)
      .to.match(/^<!doctype html>/)
      .and.to.include('A sweep over a Defender tenant');
    expect(html).to.include('"key":"GET /api/machines/{id}/alerts"');
  });
});
