/* A page in a file, opened in headless Chromium; what it complains of is a result. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import puppeteer from 'puppeteer-core';
import { atEnd } from './cleanup.mjs';
import { BROWSER_MS, EVENT_MS } from './limits.mjs';
import { temporaryDirectory } from './processes.mjs';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';

/*
 * Opens |file| from file://, with |colors| ('light' or 'dark'). Ended with test |t|.
 *
 * Returns { page, complaints, asked }: lists that grow, of what the console and the page's errors say,
 * and of each URL that was asked for beside the file.
 */
export async function openPageFile(t, file, colors = 'light') {
  const home = temporaryDirectory(t);
  const browser = await puppeteer.launch({
    browser: 'chrome',
    executablePath: EXECUTABLE,
    headless: true,
    pipe: true,
    timeout: BROWSER_MS,
    protocolTimeout: BROWSER_MS,
    userDataDir: path.join(home, 'profile'),
    env: { ...process.env, HOME: home },
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'],
  });
  atEnd(t, () => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(EVENT_MS);
  await page.setViewport({ width: 1280, height: 900 });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: colors }]);
  const complaints = [];
  const asked = [];
  const url = pathToFileURL(file).href;
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`));
  page.on('request', (request) => {
    if (request.url() !== url && !request.url().startsWith('data:')) {
      asked.push(request.url());
    }
  });
  await page.goto(url, { waitUntil: 'load', timeout: BROWSER_MS });
  return { page, complaints, asked };
}
