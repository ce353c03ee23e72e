/*
 * N6: certificates by server name over TCP and QUIC, and their reload while sockets are in use:
 * none is lost, the next handshake has the new one, and a bad one changes nothing but the log.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import { openChromium } from './support/chromium.mjs';
import { connectHttp2 } from './support/http2_client.mjs';
import { spkiHash } from './support/identity.mjs';
import { EVENT_MS, TEST_MS, within } from './support/limits.mjs';
import { nextMessage, openWs } from './support/npm_ws.mjs';
import { temporaryDirectory, tool } from './support/processes.mjs';
import { startServer, startServerForBrowser } from './support/server.mjs';

/* More of each than handshakes that are under way when the signal comes. */
const SOCKETS = 20;
const RELOADS = 5;

/* A self-signed certificate |name| for |names|, in |directory|: { certFile, keyFile, args, hash }. */
async function makeCertificate(directory, name, names) {
  const certFile = path.join(directory, `${name}.pem`);
  const keyFile = path.join(directory, `${name}.key`);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await tool('openssl', [
    ...['req', '-x509', ...key, '-keyout', keyFile, '-out', certFile, '-days', '30'],
    ...['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`],
  ]);
  const hash = spkiHash(new X509Certificate(fs.readFileSync(certFile)));
  return { certFile, keyFile, args: ['--cert', certFile, '--key', keyFile], hash };
}

/* The hash of what a new TLS handshake gets, asking for |servername|. */
async function servedHash(server, servername, alpn = 'h2') {
  const socket = tls.connect({
    host: '127.0.0.1',
    port: server.port,
    servername,
    ALPNProtocols: [alpn],
    rejectUnauthorized: false,
  });
  try {
    await within(EVENT_MS, 'the TLS handshake', once(socket, 'secureConnect'));
    assert.equal(socket.alpnProtocol, alpn);
    return spkiHash(socket.getPeerX509Certificate());
  } finally {
    socket.destroy();
  }
}

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

async function echoedSince(echoes, marks) {
  while (echoes.some((echo, index) => echo.rounds() === marks[index])) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/* Sockets that echo without a pause until stop(), which checks that each answer was right. */
function keepEchoing(exchange) {
  let going = true;
  let rounds = 0;
  const running = (async () => {
    while (going) {
      const text = `round ${rounds}`;
      assert.equal(await exchange(text), text);
      rounds += 1;
    }
  })();
  running.catch(() => {});
  return {
    rounds: () => rounds,
    async stop() {
      going = false;
      await running;
      return rounds;
    },
  };
}

async function openEchoes(t, server) {
  const echoes = await openHttp2Echoes(t, server);
  for (let i = 0; i < SOCKETS; i += 1) {
    const socket = await openWs(t, server);
    echoes.push(
      keepEchoing(async (text) => {
        socket.send(text);
        return (await nextMessage(socket)).data.toString();
      }),
    );
  }
  return echoes;
}

async function openHttp2Echoes(t, server) {
  const connection = await connectHttp2(t, server);
  const echoes = [];
  for (let i = 0; i < SOCKETS; i += 1) {
    const peer = await connection.openSocket();
    echoes.push(
      keepEchoing(async (text) => {
        peer.sendText(text);
        const thing = await peer.next();
        return thing.payload?.toString() ?? thing.type;
      }),
    );
  }
  return echoes;
}

test(
  'N6: a reload under load loses no socket, and the next handshake has the new certificate',
  { timeout: TEST_MS },
  async (t) => {
    const directory = temporaryDirectory(t);
    const site = await makeCertificate(directory, 'site', 'DNS:site.test');
    const server = await startServer(t, { args: site.args });
    const echoes = await openEchoes(t, server);
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
