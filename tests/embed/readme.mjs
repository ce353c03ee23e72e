// Talks to README's example: node readme.mjs PROGRAM. Exits 0 if it echoes, and ends by itself with
// 0 after SIGTERM, having closed the socket with 1001.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import assert from 'node:assert/strict';

const require = createRequire(new URL('../integration/package.json', import.meta.url));
const WebSocket = require('ws');

const state = mkdtempSync(join(tmpdir(), 'trisock-embed-'));
const program = spawn(process.argv[2], {
  stdio: ['ignore', 'pipe', 'inherit'],
  env: { ...process.env, XDG_STATE_HOME: state },
});
try {
  const exit = once(program, 'exit');
  const [first] = await once(program.stdout, 'data');
  const url = first.toString().trim();
  assert.match(url, /^wss:\/\/127\.0\.0\.1:\d+\/echo$/);

  const ws = new WebSocket(url, { rejectUnauthorized: false, perMessageDeflate: false });
  await once(ws, 'open');
  ws.send('hello');
  const [message, isBinary] = await once(ws, 'message');
  assert.equal(message.toString(), 'hello');
  assert.equal(isBinary, false);

  const closed = once(ws, 'close');
  program.kill('SIGTERM');
  assert.equal((await closed)[0], 1001);
  assert.deepEqual(await exit, [0, null]);
} finally {
  program.kill('SIGKILL');
  rmSync(state, { recursive: true });
}
