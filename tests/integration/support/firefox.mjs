/*
 * Firefox, headless, driven over WebDriver BiDi, with MOZ_LOG as proof of the carrier.
 */
import fs from 'node:fs';
import path from 'node:path';
import puppeteer from 'puppeteer-core';
import { atEnd } from './cleanup.mjs';
import { identity } from './identity.mjs';
import { BROWSER_MS, EVENT_MS, within } from './limits.mjs';
import { readMozLog } from './mozlog.mjs';
import { temporaryDirectory, tool } from './processes.mjs';
import { BLANK_PAGE } from './server.mjs';

const EXECUTABLE = process.env.FIREFOX ?? '/usr/bin/firefox-esr';

const MOZ_LOG_MODULES = 'timestamp,sync,nsWebSocket:5,nsHttp:5';

const PREFERENCES_ALWAYS = {
  'network.websocket.max-connections': 1000, /* 200 by default */
  /* Nothing of the browser's own leaves the machine: what is not loopback goes to a closed port. */
  'network.proxy.type': 1,
  'network.proxy.http': '127.0.0.1',
  'network.proxy.http_port': 9,
  'network.proxy.ssl': '127.0.0.1',
  'network.proxy.ssl_port': 9,
  'network.proxy.no_proxies_on': '127.0.0.1, localhost, [::1]',
  'network.proxy.allow_hijacking_localhost': false,
  'security.enterprise_roots.enabled': false,
};

function preferencesFor(http) {
  switch (http) {
    case 'http/1.1':
      return { 'network.http.http2.enabled': false, 'network.http.http3.enable': false };
    case 'h2':
      return { 'network.http.http3.enable': false };
    default:
      throw new Error(`Firefox carries no WebSocket over ${http}`);
  }
}

async function makeProfile(directory) {
  const { caFile } = await identity();
  const profile = path.join(directory, 'profile');
  fs.mkdirSync(profile);
  await tool('certutil', ['-N', '-d', `sql:${profile}`, '--empty-password']);
  await tool('certutil', [
    '-A',
    '-d',
    `sql:${profile}`,
    '-n',
    'trisock test CA',
    '-t',
    'C,,',
    '-i',
    caFile,
  ]);
  return profile;
}

/*
 * Starts Firefox for |server| over |http| and loads its page. Ended, if not before, with test |t|.
 * |log| false does without MOZ_LOG: with messages of 16 MiB it would be hundreds of megabytes.
 *
 * Returns { browser, page, finish() }; finish() ends Firefox and returns what readMozLog() found.
 */
export async function openFirefox(
  t,
  server,
  http,
  { page: pagePath = BLANK_PAGE, log = true } = {},
) {
  const directory = temporaryDirectory(t);
  const profile = await makeProfile(directory);
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: EXECUTABLE,
    headless: true,
    userDataDir: profile,
    timeout: BROWSER_MS,
    protocolTimeout: BROWSER_MS,
    extraPrefsFirefox: { ...PREFERENCES_ALWAYS, ...preferencesFor(http) },
    env: {
      ...process.env,
      HOME: directory,
      ...(log ? { MOZ_LOG: MOZ_LOG_MODULES, MOZ_LOG_FILE: path.join(directory, 'moz') } : {}),
    },
  });
  let ended;
  const end = () => {
    ended ??= within(BROWSER_MS, 'Firefox to end', browser.close());
    return ended;
  };
  atEnd(t, end);
  const page = await browser.newPage();
  page.setDefaultTimeout(EVENT_MS);
  await page.goto(`${server.origin}${pagePath}`, { waitUntil: 'load', timeout: BROWSER_MS });
  const finish = async () => {
    await end();
    return readMozLog(directory);
  };
  return { browser, page, finish };
}
