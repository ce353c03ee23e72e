/*
 * The servers that `./dev bench server` measures beside ours still echo: without them the figures of
 * the table would say nothing.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assertMeasured, bench, faultsOf } from './support/bench.mjs';
import { atEnd } from './support/cleanup.mjs';
import { identity } from './support/identity.mjs';
import { START_MS, TEST_MS, within } from './support/limits.mjs';
import { kill, start } from './support/processes.mjs';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const FLOORS = path.resolve(REPOSITORY, process.env.TRISOCK_BENCH_DIR ?? 'build/release');
const SERVING = /serving https:\/\/127\.0\.0\.1:(\d+)/;

async function startFloor(t, name) {
  const program = path.join(FLOORS, name);
  assert.ok(fs.existsSync(program), `${program} does not exist: build it`);
  const { certFile, keyFile } = await identity();
  const files = ['--cert', certFile, '--key', keyFile];
  const floor = start(program, ['--listen', '127.0.0.1:0', ...files]);
  atEnd(t, () => kill(floor));
  const seen = new Promise((resolve, reject) => {
    floor.child.stdout.on('data', () => {
      const match = SERVING.exec(floor.stdout());
      if (match) {
        resolve(match[1]);
      }
    });
    floor.exited.then(({ stderr }) => reject(new Error(`it ended: ${stderr}`)), reject);
  });
  return `wss://127.0.0.1:${await within(START_MS, `${name} to start`, seen)}/echo`;
}

for (const [name, version] of [
  ['h1', '1.1'],
  ['h2', '2'],
  ['h3', '3'],
]) {
  test(`floor_${name} echoes, opens and closes without a fault`, { timeout: TEST_MS }, async (t) => {
    const url = await startFloor(t, `floor_${name}`);
    for (const size of ['32', '16k']) {
      const args = ['--http', version, '--size', size, '--in-flight', '2', '--verify'];
      const { code, series } = await bench(t, url, args);
      assertMeasured(series[name]);
      assert.equal(code, 0);
    }
    const { series } = await bench(t, url, ['--http', version, '--mode', 'open']);
    assert.deepEqual(faultsOf(series[name]), {});
    assert.ok(series[name].counts.sockets_opened > 0);
  });
}
