/*
 * A soak of seconds, so that the long one (./dev soak) works when it is wanted; and that it would
 * see what it looks for.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkCounters } from '../soak/soak_counters.mjs';
import {
  descriptorsTolerance,
  judgeGrowth,
  memoryTolerance,
  ownTolerance,
} from '../soak/soak_growth.mjs';
import { Account, Tally } from '../soak/soak_tally.mjs';
import { parseMetrics } from '../soak/soak_watch.mjs';
import { TEST_MS } from './support/limits.mjs';
import { run } from './support/processes.mjs';
import { BINARY } from './support/server.mjs';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const SOAK_H3 = path.resolve(REPOSITORY, process.env.TRISOCK_SOAK_H3 ?? 'build/asan/soak_h3');

test(
  'N6: a third of a minute of clients of every kind ends as it began, and the counters add up',
  { timeout: TEST_MS },
  async (t) => {
    const { code, stdout, stderr } = await run(
      process.execPath,
      [path.join(REPOSITORY, 'tests/soak/soak.mjs'), '--minutes', '0.33', '--seed', '1', '--asan'],
      {
        timeoutMs: TEST_MS,
        env: { ...process.env, TRISOCK_BIN: BINARY, TRISOCK_SOAK_H3: SOAK_H3 },
      },
    );
    assert.equal(code, 0, `${stdout}${stderr}`);
    for (const http of ['http/1.1', 'h2', 'h3']) {
      assert.match(stdout, new RegExp(`^${http} +\\| talk`, 'm'));
    }
    assert.match(stdout, /seed 1: passed/);
    t.diagnostic(stdout);
  },
);

const idle = (count, yOf) => Array.from({ length: count }, (_, i) => ({ x: 60 * i, y: yOf(i) }));

test('a soak sees memory and descriptors that grow a little with each wave', () => {
  const noise = (i) => 20 * Math.sin(7 * i);
  const grows = (yOf, tolerance) => judgeGrowth(idle(30, yOf), tolerance).grew;
  assert.equal(
    grows((i) => 2000 + noise(i), ownTolerance),
    false,
  );
  assert.equal(
    grows((i) => 2000 + noise(i) + 40 * i, ownTolerance),
    true,
  );
  /* What comes with the first waves and stays is warm-up. */
  assert.equal(
    grows((i) => 2000 + 300 * Math.min(i, 8), ownTolerance),
    false,
  );
  /* Pages vary; a few hundred KiB a wave is more than that. */
  assert.equal(
    grows((i) => 7000 + 40 * noise(i), memoryTolerance),
    false,
  );
  assert.equal(
    grows((i) => 7000 + 40 * noise(i) + 300 * i, memoryTolerance),
    true,
  );
  /* One descriptor that stays, from some wave on. */
  assert.equal(
    grows((i) => (i < 22 ? 14 : 15), descriptorsTolerance),
    true,
  );
  assert.equal(
    judgeGrowth(
      idle(4, () => 14),
      descriptorsTolerance,
    ).judged,
    0,
  );
});

const COUNTED = `
# TYPE trisock_sockets gauge
trisock_sockets{http="h2"} 0
trisock_sockets_opened_total{http="h2"} 1
trisock_sockets_closed_total{http="h2",code="1000"} 1
trisock_requests_total{http="h2"} 1
trisock_messages_received_total{http="h2"} 2
trisock_messages_sent_total{http="h2"} 1
trisock_message_bytes_received_total{http="h2"} 15
trisock_message_bytes_sent_total{http="h2"} 5
`;

function countedBy(text) {
  const tally = new Tally();
  const account = new Account(tally, 'h2', 'talk');
  account.opened();
  account.sent(5);
  account.echoed(5);
  account.sent(10); /* no echo came: it may have arrived, or not */
  account.closed(1000);
  const wrong = checkCounters(parseMetrics(text), tally.bounds).filter(({ isRight }) => !isRight);
  return wrong.map(({ counter, expected, got }) => `${counter} ${expected} ${got}`);
}

test('a soak sees a message, a socket or a close too many or too few', () => {
  assert.deepEqual(countedBy(COUNTED), []);
  assert.deepEqual(
    countedBy(COUNTED.replace('received_total{http="h2"} 2', 'received_total{http="h2"} 3')),
    ['trisock_messages_received_total{http="h2"} 1 to 2 3'],
  );
  assert.deepEqual(countedBy(COUNTED.replace('code="1000"} 1', 'code="1006"} 1')), [
    'trisock_sockets_closed_total{code="1000",http="h2"} 1 0',
    'trisock_sockets_closed_total{code="1006",http="h2"} 0 1',
  ]);
  assert.deepEqual(
    countedBy(COUNTED.replace('trisock_sockets{http="h2"} 0', 'trisock_sockets{http="h2"} 1')),
    ['sockets opened = closed + open, h2 1 2'],
  );
});
