/*
 * Chromium, headless, on one protocol at a time, with a net log that proves which one carried what.
 */
import path from 'node:path';
import puppeteer from 'puppeteer-core';
import { atEnd } from './cleanup.mjs';
import { identity } from './identity.mjs';
import { BROWSER_MS, EVENT_MS, within } from './limits.mjs';
import { readNetLog } from './netlog.mjs';
import { temporaryDirectory } from './processes.mjs';
import { BLANK_PAGE } from './server.mjs';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';

const FLAGS_ALWAYS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--no-default-browser-check',
  '--password-store=basic',
  '--use-mock-keychain',
];

/*
 * Fields but no socket bytes ("Everything"): 16 MiB messages would make a log of hundreds of
 * megabytes.
 */
const NET_LOG_MODE = '--net-log-capture-mode=IncludeSensitive';

/* No request of the browser's own leaves the machine. */
function resolverRules(hosts) {
  const rules = [
    ...hosts.map((host) => `MAP ${host} 127.0.0.1`),
    'MAP * ~NOTFOUND',
    ...['127.0.0.1', '::1', 'localhost'].map((host) => `EXCLUDE ${host}`),
  ];
  return `--host-resolver-rules=${rules.join(', ')}`;
}

/*
 * The flags that hold Chromium to one HTTP version; for h2 and h3 a page of the origin comes first.
 */
function flagsFor(http, authority) {
  switch (http) {
    case 'http/1.1':
      return ['--disable-http2', '--disable-quic'];
    case 'h2':
      return ['--disable-quic'];
    case 'h3':
      return [
        '--enable-quic',
        `--origin-to-force-quic-on=${authority}`,
        '--enable-features=EnableWebsocketsOverHttp3',
      ];
    default:
      throw new Error(`no flags for ${http}`);
  }
}

/*
 * Starts Chromium for |server| over |http| and loads a page of it. Ended, if not before, with test
 * |t|.
 *
 * page     path of the page, BLANK_PAGE unless told
 * origin   another origin of the server than its first
 * netLog   false: no net log, for very many sockets
 * hosts    names that lead to 127.0.0.1, for certificates by name
 * spkiHash the certificate that is trusted, identity()'s unless told
 *
 * Returns { browser, page, response, finish() }; finish() ends Chromium and returns the NetLog.
 */
export async function openChromium(t, server, http, options = {}) {
  const { page: pagePath = BLANK_PAGE, origin = server.origin, netLog = true } = options;
  const { hosts = [], spkiHash = (await identity()).spkiHash } = options;
  const directory = temporaryDirectory(t);
  const logFile = path.join(directory, 'netlog.json');
  const browser = await puppeteer.launch({
    browser: 'chrome',
    executablePath: EXECUTABLE,
    ignoreDefaultArgs: true,
    pipe: true,
    timeout: BROWSER_MS,
    protocolTimeout: BROWSER_MS,
    userDataDir: path.join(directory, 'profile'),
    env: { ...process.env, HOME: directory },
    args: [
      ...FLAGS_ALWAYS,
      ...flagsFor(http, new URL(origin).host),
      resolverRules(hosts),
      `--ignore-certificate-errors-spki-list=${spkiHash}`,
      ...(netLog ? [`--log-net-log=${logFile}`, NET_LOG_MODE] : []),
    ],
  });
  let ended;
  const end = () => {
    ended ??= within(BROWSER_MS, 'Chromium to end', browser.close());
    return ended;
  };
  atEnd(t, end);
  const page = await browser.newPage();
  page.setDefaultTimeout(EVENT_MS);
  const response = await page.goto(`${origin}${pagePath}`, {
    waitUntil: 'load',
    timeout: BROWSER_MS,
  });
  const finish = async () => {
    await end();
    return readNetLog(logFile);
  };
  return { browser, page, response, finish };
}
