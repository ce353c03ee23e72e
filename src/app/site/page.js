// Opens sockets, asks the server what carries them, and says why when it is not HTTP/3.
'use strict';

const SOCKETS_AT_START = 3;
const LOG_LINES_MAX = 200;
const byId = (id) => document.getElementById(id);
const sockets = new Set();

const names = { 'http/1.1': 'HTTP/1.1', h2: 'HTTP/2', h3: 'HTTP/3' };
const nameOf = (http) => names[http] || http || 'unknown';

function pageProtocol() {
  const entry = performance.getEntriesByType('navigation')[0];
  return entry ? entry.nextHopProtocol : '';
}

function show(id, http) {
  const el = byId(id);
  el.textContent = nameOf(http);
  el.dataset.http = http;
  el.dataset.grade = http === 'h3' ? 'best' : 'fair';
}

function browser() {
  const ua = navigator.userAgent;
  if (ua.includes('Firefox/')) return 'firefox';
  if (ua.includes('Chrome/')) return 'chromium';
  return 'other';
}

// One answer for each pair of (page, socket) and browser: what happened, and what changes it.
function explain(page, socket) {
  const feature = 'Start Chromium with --enable-quic --enable-features=EnableWebsocketsOverHttp3.';
  const force = `Add --origin-to-force-quic-on=${location.host}, and trust the certificate by the ` +
    '--ignore-certificate-errors-spki-list that `trisock serve` prints.';
  if (socket === 'h3') {
    return ['The best there is: page and sockets share one QUIC connection.', []];
  }
  if (browser() === 'firefox') {
    const text = socket === 'h2'
      ? 'Firefox speaks WebSocket over HTTP/2, and not yet over HTTP/3 (RFC 9220), also where the page came by HTTP/3.'
      : 'Firefox used HTTP/1.1: HTTP/2 was not offered, or WebSockets over it are switched off.';
    const remedy = socket === 'h2' ? [] : [
      'In about:config, set network.http.http2.enabled and network.http.http2.websockets to true.',
      'Let the server offer h2: trisock serve --http 1.1,2,3'];
    return [text, remedy];
  }
  if (page === 'h3') {
    return ['The page came over HTTP/3, but the browser does not put WebSockets there by itself.',
      browser() === 'chromium' ? [feature] : ['Another browser may: Chromium does, behind a feature flag.']];
  }
  if (socket === 'h2') {
    return ['Sockets ride on the HTTP/2 connection that loaded the page. For HTTP/3 the browser must ' +
      'first load the page over QUIC.', browser() === 'chromium' ? [feature, force] : []];
  }
  if (page === 'h2') {
    return ['The page came over HTTP/2, but the socket opened an HTTP/1.1 connection of its own: the ' +
      'browser does not speak RFC 8441, or the server was told not to offer it.',
    ['Let the server offer it: trisock serve --extended-connect on']];
  }
  return ['Both came over HTTP/1.1: HTTP/2 is switched off in the browser, or the server does not offer it.',
    ['Let the server offer all three: trisock serve --http 1.1,2,3', feature]];
}

function answer(socketHttp) {
  const page = pageProtocol();
  show('page-http', page);
  show('socket-http', socketHttp);
  const [why, remedies] = explain(page, socketHttp);
  byId('why').textContent = why;
  byId('remedies').replaceChildren(...remedies.map((text) => {
    const item = document.createElement('li');
    item.textContent = text;
    return item;
  }));
}

/* Puts a line on top of a list. What peers sent is text, and never markup. */
function log(text, list = byId('log')) {
  const item = document.createElement('li');
  item.textContent = text;
  list.prepend(item);
  while (list.childElementCount > LOG_LINES_MAX) {
    list.lastElementChild.remove();
  }
}

function addRow(route) {
  const row = document.createElement('tr');
  const cells = {};
  for (const name of ['route', 'state', 'http', 'conn', 'stream', 'tls', 'cipher', 'group', 'echo']) {
    cells[name] = row.insertCell();
    cells[name].dataset.cell = name;
  }
  cells.route.textContent = route;
  cells.state.textContent = 'opening';
  byId('sockets').append(row);
  return cells;
}

function greet(cells, text) {
  const hello = JSON.parse(text);
  cells.http.textContent = nameOf(hello.http);
  cells.conn.textContent = hello.conn;
  cells.stream.textContent = hello.stream;
  cells.tls.textContent = hello.tls;
  cells.cipher.textContent = hello.cipher;
  cells.group.textContent = hello.group;
  answer(hello.http);
}

// A socket on /hello is greeted with a JSON text that tells what carries it; /echo only echoes.
function openSocket(route) {
  const cells = addRow(route);
  const ws = new WebSocket(`wss://${location.host}${route}`);
  const socket = { ws, sentAt: 0 };
  let opened = false;
  let greeted = route !== '/hello';
  if (greeted) cells.http.textContent = 'only /hello tells';
  sockets.add(socket);
  ws.onopen = () => {
    opened = true;
    cells.state.textContent = 'open';
  };
  ws.onmessage = (event) => {
    if (!greeted) {
      greeted = true;
      greet(cells, event.data);
      return;
    }
    const took = performance.now() - socket.sentAt;
    cells.echo.textContent = `${took.toFixed(1)} ms`;
    log(`${route}  ${event.data}`);
  };
  ws.onclose = (event) => {
    sockets.delete(socket);
    /* The echo may be served elsewhere: trisock serve --echo PATH. */
    cells.state.textContent = opened ? `closed ${event.code}` : 'not served here';
    if (!greeted) {
      byId('why').textContent = `The socket closed with ${event.code} before it was greeted. ` +
        'Is the server running, and is its certificate trusted?';
    }
  };
}

byId('open').addEventListener('click', () => openSocket('/hello'));

byId('close').addEventListener('click', () => {
  for (const { ws } of sockets) ws.close(1000, 'closed on the page');
});

byId('form').addEventListener('submit', (event) => {
  event.preventDefault();
  for (const socket of sockets) {
    if (socket.ws.readyState !== WebSocket.OPEN) continue;
    socket.sentAt = performance.now();
    socket.ws.send(byId('message').value);
  }
});

show('page-http', pageProtocol());
for (let i = 0; i < SOCKETS_AT_START; i++) openSocket('/hello');
openSocket('/echo');
