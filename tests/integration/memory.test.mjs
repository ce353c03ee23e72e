/*
 * ten thousand sockets opened and closed over each protocol leave the resident memory
 * of the release build flat after the first thousand.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openChromium } from './support/chromium.mjs';
import { connectHttp2 } from './support/http2_client.mjs';
import { churnSockets } from './support/in_page.mjs';
import { LONG_TEST_MS } from './support/limits.mjs';
import { connectTls } from './support/raw_http1.mjs';
import { RELEASE_BINARY, startServer, startServerForBrowser } from './support/server.mjs';

const SOCKETS = 10_000;
const FIRST = 1_000;
const BATCH = 50;
const GROWTH_MAX = 0.05;

/*
 * Chromium delays new sockets by 2^pending / 65,536 times 1 to 5 seconds: few at once is fastest.
 */
const CHROMIUM_BATCH = 6;
const CHROMIUM_SOCKETS_A_CALL = 250;

/*
 * Opens and closes SOCKETS sockets by |churn|(count), and compares the memory after FIRST with the
 * last.
 */
async function assertFlat(server, http, churn) {
  await churn(FIRST);
  await server.log.waitFor('ws.close', { http }, FIRST, LONG_TEST_MS);
  const before = server.residentKib();
  await churn(SOCKETS - FIRST);
  const closed = await server.log.waitFor('ws.close', { http }, SOCKETS, LONG_TEST_MS);
  const after = server.residentKib();
  assert.ok(
    closed.every(({ code }) => code === '1000'),
    'every socket closed with 1000',
  );
  assert.ok(
    after <= before * (1 + GROWTH_MAX),
    `${before} KiB after ${FIRST} sockets, ${after} KiB after ${SOCKETS}`,
  );
  return `${http}: ${before} KiB after ${FIRST} sockets, ${after} KiB after ${SOCKETS}`;
}

async function inBatches(count, one) {
  for (let done = 0; done < count; done += BATCH) {
    await Promise.all(Array.from({ length: Math.min(BATCH, count - done) }, one));
  }
}

async function closeCleanly(peer) {
  const { close, end } = await peer.close(1000, '');
  assert.deepEqual([close.code, end.type], [1000, 'end']);
}

test(
  'memory is flat over ten thousand sockets on h1',
  { timeout: LONG_TEST_MS },
  async (t) => {
    const server = await startServer(t, { binary: RELEASE_BINARY });
    const scope = { after: () => {} };
    t.diagnostic(
      await assertFlat(server, 'http/1.1', (count) =>
        inBatches(count, async () => {
          const connection = await connectTls(scope, server);
          await closeCleanly(await connection.openSocket());
          connection.socket.destroy();
        }),
      ),
    );
  },
);

test(
  'memory is flat over ten thousand sockets on one h2 connection',
  { timeout: LONG_TEST_MS },
  async (t) => {
    const server = await startServer(t, { binary: RELEASE_BINARY });
    const connection = await connectHttp2(t, server);
    t.diagnostic(
      await assertFlat(server, 'h2', (count) =>
        inBatches(count, async () => closeCleanly(await connection.openSocket())),
      ),
    );
  },
);

test(
  'memory is flat over ten thousand sockets of Chromium on h3',
  { timeout: LONG_TEST_MS },
  async (t) => {
    const server = await startServerForBrowser(t, { binary: RELEASE_BINARY });
    const { page } = await openChromium(t, server, 'h3', { netLog: false });
    const devtools = await page.createCDPSession();
    const url = `wss://${server.authority}/echo`;
    t.diagnostic(
      await assertFlat(server, 'h3', async (count) => {
        for (let done = 0; done < count; done += CHROMIUM_SOCKETS_A_CALL) {
          const clean = await page.evaluate(churnSockets, {
            url,
            count: CHROMIUM_SOCKETS_A_CALL,
            batch: CHROMIUM_BATCH,
          });
          assert.equal(clean, CHROMIUM_SOCKETS_A_CALL);
          /*
           * The renderer keeps two descriptors of a closed socket until it collects garbage, and
           * runs out.
           */
          await devtools.send('HeapProfiler.collectGarbage');
        }
      }),
    );
  },
);
