/*
 * What large messages cost the release build: a message of 1 GiB that passes piece by piece (row
 * W5), and a small one that inflates to 1 GiB (row W3).
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { connectHttp2 } from './support/http2_client.mjs';
import { BINARY, CONTINUATION, encodeFrame, FrameReader } from './support/frames.mjs';
import { LONG_TEST_MS, within } from './support/limits.mjs';
import { watchMemory } from './support/memory.mjs';
import { connectTls } from './support/raw_http1.mjs';
import { RELEASE_BINARY, startServer } from './support/server.mjs';

const MIB = 1024 * 1024;
const BLOCK_BYTES = 64 * 1024;
const MESSAGE_BYTES = 1024 * MIB;
const STREAM_GROWTH_KIB = 8 * 1024;

const DEFLATE = { 'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits' };

/* The peer of a new socket at |path| over |http|. */
async function openSocket(t, server, http, path, fields = {}) {
  if (http === 'h2') {
    return (await connectHttp2(t, server)).openSocket(path, fields);
  }
  const connection = await connectTls(t, server);
  const response = await connection.upgrade(path, fields);
  assert.equal(response.status, 101);
  const peer = connection.frames();
  peer.headers = response.headers;
  return peer;
}

/* Writes one message of MESSAGE_BYTES in blocks, no faster than they are taken. */
async function writeMessage(stream, block) {
  const frame = (opcode, fin) => encodeFrame(opcode, block, { fin });
  const next = frame(CONTINUATION, false);
  const blocks = MESSAGE_BYTES / BLOCK_BYTES;
  for (let i = 0; i < blocks; i += 1) {
    const bytes = i === 0 ? frame(BINARY, false) : i === blocks - 1 ? frame(CONTINUATION, true) : next;
    if (!stream.write(bytes)) {
      await once(stream, 'drain');
    }
  }
}

/* Resolves when one whole message came back, each of its bytes as it was sent. */
function readMessage(stream, block) {
  let offset = 0;
  const twice = Buffer.concat([block, block]);
  return new Promise((resolve, reject) => {
    const reader = new FrameReader(({ fin, opcode, payload }) => {
      if (opcode !== (offset === 0 ? BINARY : CONTINUATION)) {
        reject(new Error(`opcode ${opcode} at ${offset}`));
      }
      for (let at = 0; at < payload.length; ) {
        const from = (offset + at) % BLOCK_BYTES;
        const length = Math.min(BLOCK_BYTES, payload.length - at);
        if (payload.compare(twice, from, from + length, at, at + length) !== 0) {
          reject(new Error(`other bytes came back at ${offset + at}`));
          return;
        }
        at += length;
      }
      offset += payload.length;
      if (fin) {
        resolve(offset);
      }
    });
    stream.on('data', (data) => reader.push(data));
    stream.on('close', () => reject(new Error(`the stream closed at ${offset}`)));
  });
}

for (const http of ['h1', 'h2']) {
  test(
    `W5: over ${http} a message of 1 GiB streams through and back in 8 MiB`,
    { timeout: LONG_TEST_MS },
    async (t) => {
      const server = await startServer(t, { binary: RELEASE_BINARY });
      const peer = await openSocket(t, server, http, '/stream');
      assert.equal((await peer.echo(BINARY, 'warm')).payload.toString(), 'warm');
      const { stream } = peer;
      stream.removeAllListeners('data');
      const block = Buffer.alloc(BLOCK_BYTES, 'each byte of this block is looked at; ');
      const memory = watchMemory(server);
      const back = readMessage(stream, block);
      await writeMessage(stream, block);
      assert.equal(await within(LONG_TEST_MS, 'the message', back), MESSAGE_BYTES);
      const grown = memory.stop();
      t.diagnostic(`${http}: resident memory grew by ${grown} KiB`);
      assert.ok(grown < STREAM_GROWTH_KIB, `it grew by ${grown} KiB`);
    },
  );
}

/* About 1 MiB that inflates to 1 GiB, without the last four bytes (RFC 7692 section 7.2.1). */
async function makeBomb() {
  const deflate = zlib.createDeflateRaw({ level: 9 });
  const parts = [];
  deflate.on('data', (part) => parts.push(part));
  const zeros = Buffer.alloc(16 * MIB);
  for (let i = 0; i < 64; i += 1) {
    if (!deflate.write(zeros)) {
      await once(deflate, 'drain');
    }
  }
  await new Promise((resolve) => {
    deflate.flush(zlib.constants.Z_SYNC_FLUSH, resolve);
  });
  const all = Buffer.concat(parts);
  assert.equal(all.subarray(-4).toString('hex'), '0000ffff');
  return all.subarray(0, -4);
}

test(
  'W3: a bomb of 1 MiB that inflates to 1 GiB costs the message limit and ends with 1009',
  { timeout: LONG_TEST_MS },
  async (t) => {
    const bomb = await makeBomb();
    assert.ok(bomb.length > 0.9 * MIB && bomb.length < 1.1 * MIB, `${bomb.length} bytes`);
    for (const mode of ['shared', 'dedicated']) {
      for (const http of ['h1', 'h2']) {
        const server = await startServer(t, { binary: RELEASE_BINARY, args: ['--deflate', mode] });
        const peer = await openSocket(t, server, http, '/echo', DEFLATE);
        assert.match(peer.headers['sec-websocket-extensions'], /^permessage-deflate/);
        assert.equal((await peer.echo(BINARY, 'warm')).payload.toString(), 'warm');
        const memory = watchMemory(server);
        peer.write(encodeFrame(BINARY, bomb, { rsv: 4 }));
        const thing = await peer.next();
        const grown = memory.stop();
        assert.deepEqual([thing.type, thing.code], ['close', 1009]);
        t.diagnostic(`${mode}, ${http}: resident memory grew by ${grown} KiB`);
        assert.ok(grown <= 17 * 1024, `it grew by ${grown} KiB`);
        await server.stop();
      }
    }
  },
);
