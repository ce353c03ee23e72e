/* static files and the page over h1 and h2, by curl and by hand. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { connectHttp2 } from './support/http2_client.mjs';
import { TEXT } from './support/frames.mjs';
import { identity } from './support/identity.mjs';
import { TEST_MS } from './support/limits.mjs';
import { binaryPayload } from './support/payloads.mjs';
import { removeDirectory, run, temporaryDirectory } from './support/processes.mjs';
import { connectTls } from './support/raw_http1.mjs';
import { startServer, startSharedServer } from './support/server.mjs';

const SECRET = 'no client may ever read this';
const FILES = {
  'page.html': ['<!doctype html><title>a page</title>', /^text\/html/],
  'style.css': ['body { color: black }', /^text\/css/],
  'script.js': ['export {};', /^(text|application)\/javascript/],
  'data.json': ['{}', /^application\/json/],
  'text.txt': ['a text', /^text\/plain/],
  'picture.svg': ['<svg xmlns="http://www.w3.org/2000/svg"/>', /^image\/svg\+xml/],
  'empty.txt': ['', /^text\/plain/],
  'large.bin': [binaryPayload(1_000_000), /^application\/octet-stream/],
  'below/deeper/file.txt': ['far down', /^text\/plain/],
  'a name.txt': ['a space in it', /^text\/plain/],
};

let server;
let directory;
before(async () => {
  directory = temporaryDirectory();
  const root = path.join(directory, 'root');
  for (const [name, [content]] of Object.entries(FILES)) {
    const file = path.join(root, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, content);
  }
  fs.writeFileSync(path.join(directory, 'secret.txt'), SECRET);
  fs.mkdirSync(path.join(directory, 'root-beside'));
  fs.writeFileSync(path.join(directory, 'root-beside', 'secret.txt'), SECRET);
  fs.symlinkSync(path.join(directory, 'secret.txt'), path.join(root, 'link.txt'));
  fs.symlinkSync(directory, path.join(root, 'up'));
  server = await startSharedServer({ root });
});
after(async () => {
  await server.cleanUp();
  removeDirectory(directory);
});

async function curl(flag, urlPath) {
  const { caFile } = await identity();
  const out = path.join(directory, 'curl.out');
  const { code, stdout, stderr } = await run('curl', [
    flag,
    '--silent',
    '--show-error',
    '--cacert',
    caFile,
    '--output',
    out,
    '--write-out',
    '%{http_version} %{response_code}',
    `${server.origin}${urlPath}`,
  ]);
  assert.equal(code, 0, stderr);
  return { said: stdout, body: fs.readFileSync(out) };
}

for (const [flag, version] of [
  ['--http1.1', '1.1'],
  ['--http2', '2'],
]) {
  test(`curl ${flag} fetches / and a file`, { timeout: TEST_MS }, async () => {
    const page = await curl(flag, '/');
    assert.equal(page.said, `${version} 200`);
    assert.match(page.body.toString(), /<html|<!doctype html/i);
    const file = await curl(flag, '/large.bin');
    assert.equal(file.said, `${version} 200`);
    assert.ok(file.body.equals(FILES['large.bin'][0]));
  });
}

/* The same requests over h1 and h2: fetch(path, fields, method) gives status, headers, body. */
const DIALECTS = {
  h1: async (t) => {
    const connection = await connectTls(t, server);
    return (urlPath, fields = {}, method = 'GET') =>
      connection.get(urlPath, Object.entries(fields), method);
  },
  h2: async (t) => {
    const connection = await connectHttp2(t, server);
    return (urlPath, fields = {}, method = 'GET') =>
      connection.fetch(urlPath, { method, ...fields });
  },
};

for (const [dialect, open] of Object.entries(DIALECTS)) {
  test(
    `files have content, length and type over ${dialect}`,
    { timeout: TEST_MS },
    async (t) => {
      const fetch = await open(t);
      for (const [name, [content, type]] of Object.entries(FILES)) {
        const response = await fetch(`/${encodeURI(name)}`);
        assert.equal(response.status, 200, name);
        assert.ok(Buffer.from(content).equals(response.body), name);
        assert.match(response.headers['content-type'] ?? 'no content-type', type, name);
        assert.equal(Number(response.headers['content-length']), Buffer.byteLength(content), name);
      }
    },
  );

  test(
    `HEAD has the fields of GET and no body over ${dialect}`,
    { timeout: TEST_MS },
    async (t) => {
      const fetch = await open(t);
      for (const urlPath of ['/', '/large.bin']) {
        const [got, headed] = [await fetch(urlPath), await fetch(urlPath, {}, 'HEAD')];
        assert.equal(headed.status, 200);
        assert.equal(headed.body.length, 0);
        for (const name of ['content-length', 'content-type', 'etag', 'last-modified']) {
          assert.equal(headed.headers[name], got.headers[name], `${name} of ${urlPath}`);
        }
      }
    },
  );

  test(
    `an unchanged file gets 304 over ${dialect}`,
    { timeout: TEST_MS },
    async (t) => {
      const fetch = await open(t);
      for (const urlPath of ['/large.bin', '/']) {
        const { etag, 'last-modified': modified } = (await fetch(urlPath)).headers;
        assert.ok(etag ?? modified, `${urlPath} has ETag or Last-Modified`);
        const condition = etag ? { 'if-none-match': etag } : { 'if-modified-since': modified };
        const unchanged = await fetch(urlPath, condition);
        assert.equal(unchanged.status, 304);
        assert.equal(unchanged.body.length, 0);
        const other = etag
          ? { 'if-none-match': '"other"' }
          : { 'if-modified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' };
        assert.equal((await fetch(urlPath, other)).status, 200);
      }
    },
  );

  test(
    `a path that is not there gets 404, another method 405 or 501, over ${dialect}`,
    { timeout: TEST_MS },
    async (t) => {
      const fetch = await open(t);
      assert.equal((await fetch('/no-such-file')).status, 404);
      assert.equal((await fetch('/below/no-such-file?query')).status, 404);
      const { status } = await fetch('/text.txt', {}, 'DELETE');
      assert.ok([405, 501].includes(status), `DELETE got ${status}`);
      assert.equal((await fetch('/text.txt?with=query')).body.toString(), 'a text');
    },
  );

  for (const attempt of [
    '/../secret.txt',
    '/below/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e%2fsecret.txt',
    '/..%5csecret.txt',
    '/..\\secret.txt',
    '/....//secret.txt',
    '/./../secret.txt',
    '//secret.txt',
    '/../root-beside/secret.txt',
    '/%2e%2e/root-beside/secret.txt',
    '/text.txt/../../secret.txt',
    '/up/secret.txt',
    '/link.txt',
    '/..%00/secret.txt',
    '/%252e%252e/secret.txt',
    '/%c0%ae%c0%ae/secret.txt',
  ]) {
    test(
      `${attempt} does not leave the root over ${dialect}`,
      { timeout: TEST_MS },
      async (t) => {
        const response = await (await open(t))(attempt);
        assert.ok(response.status >= 400 && response.status < 500, `status ${response.status}`);
        assert.ok(!response.body.includes(SECRET));
      },
    );
  }
}

test(
  'a file comes over h2 while sockets of the same connection are busy',
  { timeout: TEST_MS },
  async (t) => {
    const connection = await connectHttp2(t, server);
    const peers = await Promise.all(Array.from({ length: 10 }, () => connection.openSocket()));
    const [file, ...echoes] = await Promise.all([
      connection.fetch('/large.bin'),
      ...peers.map((peer) => peer.echo(TEXT, 'busy'.repeat(20_000))),
    ]);
    assert.ok(file.body.equals(FILES['large.bin'][0]));
    assert.ok(echoes.every(({ payload }) => payload.length === 80_000));
  },
);

test(
  'an index.html of the root is the page at /',
  { timeout: TEST_MS },
  async (t) => {
    const root = temporaryDirectory(t);
    fs.writeFileSync(path.join(root, 'index.html'), '<!doctype html><title>of the root</title>');
    const own = await startServer(t, { root });
    const response = await (await connectTls(t, own)).get('/');
    assert.match(response.body.toString(), /of the root/);
    assert.match(response.headers['content-type'], /^text\/html/);
  },
);
