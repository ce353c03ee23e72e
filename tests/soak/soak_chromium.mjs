/* A browser among the clients: a page and a few sockets over one HTTP, now and then. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { openChromium } from '../integration/support/chromium.mjs';
import { echoAndClose } from '../integration/support/in_page.mjs';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const SIZES = [0, 1, 125, 126, 5000, 65_536, 300_000];
const CONNECTIONS_MOST = 6; /* to one origin over HTTP/1.1 */

export const hasChromium = () => fs.existsSync(EXECUTABLE);

async function browse({ t, server, http, random, account }) {
  const { page } = await openChromium(t, server, http, { netLog: false });
  account.connection(1, CONNECTIONS_MOST);
  account.request(1, 2); /* the page; some ask for its icon */
  const url = `wss://${server.authority}/echo`;
  for (let i = random.between(1, 4); i > 0; i -= 1) {
    const { echoes, close } = await page.evaluate(echoAndClose, { url, sizes: SIZES });
    account.opened();
    if (http === 'http/1.1') {
      account.connection(0, 1);
    }
    assert.equal(echoes.length, 2 * SIZES.length);
    assert.ok(echoes.every(({ same }) => same));
    for (const { size } of echoes) {
      account.sent(size);
      account.echoed(size);
    }
    assert.deepEqual(close, { code: 4001, reason: 'bye', wasClean: true });
    account.closed(4001);
  }
}

export const CHROMIUM_SCENE = { kind: 'Chromium', run: browse };
