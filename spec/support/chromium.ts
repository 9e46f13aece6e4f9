import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Where Debian and others put a Chromium. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const place = process.env.CHROMIUM ?? PLACES.find((path) => existsSync(path));

/** Where Chromium is missing, its tests say so and are left out. */
export const chromiumMissing: string | undefined =
  place === undefined
    ? 'chromium is not installed (Debian: apt-get install chromium): tests that need it are left out'
    : undefined;

export function openChromium(): Promise<Browser> {
  // Root, as whom containers run tests, has no sandbox.
  return chromium.launch({ executablePath: place as string, args: ['--no-sandbox'] });
}
