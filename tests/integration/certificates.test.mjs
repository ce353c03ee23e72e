/*
 * N6: certificates by server name over TCP and QUIC, and their reload while sockets are in use:
 * none is lost, the next handshake has the new one, and a bad one changes nothing but the log.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { makeCertificate, servedHash } from './support/certificates.mjs';
import { openChromium } from './support/chromium.mjs';
import { echoedSince, openEchoes } from './support/echoing.mjs';
import { EVENT_MS, TEST_MS, within } from './support/limits.mjs';
import { temporaryDirectory } from './support/processes.mjs';
import { startServer, startServerForBrowser } from './support/server.mjs';

/* More of each than handshakes that are under way when the signal comes. */
const SOCKETS = 20;
const RELOADS = 5;

test('N6: the server name chooses the certificate over TCP', { timeout: TEST_MS }, async (t) => {
  const directory = temporaryDirectory(t);
  const site = await makeCertificate(directory, 'site', 'DNS:site.test,DNS:a.example.test');
  const wild = await makeCertificate(directory, 'wild', 'DNS:*.example.test,DNS:localhost');
  const server = await startServer(t, { args: [...site.args, ...wild.args] });
  const fallback = await servedHash(server, '');
  for (const alpn of ['h2', 'http/1.1']) {
    const cases = [
      ['', fallback],
      ['localhost', fallback],
      ['nobody.test', fallback],
      ['site.test', site.hash],
      ['SITE.test', site.hash],
      ['a.example.test', site.hash],
      ['b.example.test', wild.hash],
      ['c.b.example.test', fallback],
    ];
    for (const [name, hash] of cases) {
      assert.equal(await servedHash(server, name, alpn), hash, `${name} over ${alpn}`);
    }
  }
  assert.equal(new Set([fallback, site.hash, wild.hash]).size, 3);
});

test('N6: the server name chooses the certificate over QUIC', { timeout: TEST_MS }, async (t) => {
  const directory = temporaryDirectory(t);
  const site = await makeCertificate(directory, 'site', 'DNS:site.test');
  const server = await startServerForBrowser(t, { args: site.args });
  /* Chromium takes the certificate of site.test and no other. */
  const { page, finish } = await openChromium(t, server, 'h3', {
    origin: `https://site.test:${server.port}`,
    hosts: ['site.test'],
    spkiHash: site.hash,
  });
  const echo = await page.evaluate(
    (url) =>
      new Promise((resolve) => {
        const socket = new WebSocket(url);
        socket.onopen = () => socket.send('by name');
        socket.onmessage = ({ data }) => resolve(data);
        socket.onclose = ({ code }) => resolve(`closed with ${code}`);
      }),
    `wss://site.test:${server.port}/echo`,
  );
  assert.equal(echo, 'by name');
  const [opened] = await server.log.waitFor('ws.open');
  assert.equal(opened.http, 'h3');
  await finish();
});

test(
  'N6: a reload under load loses no socket, and the next handshake has the new certificate',
  { timeout: TEST_MS },
  async (t) => {
    const directory = temporaryDirectory(t);
    const site = await makeCertificate(directory, 'site', 'DNS:site.test');
    const server = await startServer(t, { args: site.args });
    const echoes = await openEchoes(t, server, SOCKETS);
    let before = site.hash;
    assert.equal(await servedHash(server, 'site.test'), before);
    for (let i = 1; i <= RELOADS; i += 1) {
      const { hash } = await makeCertificate(directory, 'site', 'DNS:site.test');
      assert.notEqual(hash, before);
      process.kill(server.pid, 'SIGHUP');
      await server.log.waitFor('reload.done', { certificates: 2 }, i);
      assert.equal(await servedHash(server, 'site.test'), hash);
      before = hash;
    }
    const marks = echoes.map((echo) => echo.rounds());
    await within(EVENT_MS, 'every socket to echo on', echoedSince(echoes, marks));
    for (const echo of echoes) {
      await echo.stop();
    }
    assert.equal(server.log.records('ws.close').length, 0, 'no socket was lost');
  },
);

test(
  'N6: a bad certificate leaves the old ones serving and is told in the log',
  { timeout: TEST_MS },
  async (t) => {
    const directory = temporaryDirectory(t);
    const site = await makeCertificate(directory, 'site', 'DNS:site.test');
    const server = await startServer(t, { args: site.args });
    const other = await makeCertificate(directory, 'other', 'DNS:site.test');
    fs.copyFileSync(other.certFile, site.certFile); /* with a key that is not its own */
    process.kill(server.pid, 'SIGHUP');
    const [told] = await server.log.waitFor('reload.fail');
    assert.match(told.line, /error reload\.fail .*does not belong to the certificate in/);
    assert.equal(await servedHash(server, 'site.test'), site.hash);
    fs.copyFileSync(other.keyFile, site.keyFile); /* now it is whole */
    process.kill(server.pid, 'SIGHUP');
    await server.log.waitFor('reload.done');
    assert.equal(await servedHash(server, 'site.test'), other.hash);
  },
);
