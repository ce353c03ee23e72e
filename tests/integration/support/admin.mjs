/* The admin address of a server that was started with --admin: requests to it, and its metrics. */
import assert from 'node:assert/strict';
import http from 'node:http';
import { EVENT_MS, within } from './limits.mjs';

export const ADMIN = ['--admin', '127.0.0.1:0'];

const LINE = /^trisock: metrics at (http:\/\/\S+)\/metrics$/m;
const COMMENT = /^# (?:HELP [a-z_]+ .+|TYPE [a-z_]+ (?:counter|gauge|histogram))$/;
const SAMPLE = /^([a-z_]+(?:\{[^}]*\})?) (\d+)$/;

export function adminOrigin(server) {
  const match = LINE.exec(server.stdout());
  assert.ok(match, `no admin address in: ${server.stdout()}`);
  return match[1];
}

/* One request on a connection of its own, or of |agent|: { status, headers, body }. */
export function askAdmin(server, path, { method = 'GET', headers = {}, agent = false } = {}) {
  const answered = new Promise((resolve, reject) => {
    const request = http.request(`${adminOrigin(server)}${path}`, { method, headers, agent });
    request.on('response', (response) => {
      const body = [];
      response.on('data', (data) => body.push(data));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode,
          headers: response.headers,
          body: Buffer.concat(body).toString('utf8'),
        }),
      );
    });
    request.on('error', reject);
    request.end();
  });
  return within(EVENT_MS, `the answer to ${method} ${path} of the admin address`, answered);
}

/* Every sample of the page by its name with labels, as numbers; a line that is none is an error. */
export async function scrape(server, options) {
  const { status, headers, body } = await askAdmin(server, '/metrics', options);
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  assert.ok(body.endsWith('\n'));
  const samples = {};
  for (const line of body.slice(0, -1).split('\n')) {
    const match = SAMPLE.exec(line);
    assert.ok(match || COMMENT.test(line), `a line of the metrics: ${line}`);
    if (match) {
      assert.ok(!(match[1] in samples), `${match[1]} stands there twice`);
      samples[match[1]] = Number(match[2]);
    }
  }
  return samples;
}

/* The samples of |after| that are not as in |before|, with what they grew by. */
export function growth(before, after) {
  const changed = Object.keys(after).filter((name) => after[name] !== before[name]);
  return Object.fromEntries(changed.map((name) => [name, after[name] - before[name]]));
}

/* Scrapes until |check| throws no more: what a client has seen, the server may count later. */
export async function scrapeUntil(server, check) {
  const deadline = Date.now() + EVENT_MS;
  for (;;) {
    const samples = await scrape(server);
    try {
      check(samples);
      return samples;
    } catch (error) {
      if (Date.now() > deadline) {
        throw error;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
