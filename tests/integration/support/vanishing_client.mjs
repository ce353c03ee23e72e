/*
 * A client to be killed: opens an h1 and an h2 socket, leaves a frame half sent on each, says
 * "ready" and waits. Usage: node vanishing_client.mjs ORIGIN CA_FILE
 */
import fs from 'node:fs';
import http2 from 'node:http2';
import { once } from 'node:events';
import WebSocket from 'ws';

const [origin, caFile] = process.argv.slice(2);
const ca = fs.readFileSync(caFile);
const HALF_A_FRAME = Buffer.from([0x81, 0x85, 1, 2, 3, 4, 0x60]);

const socket = new WebSocket(`${origin.replace('https:', 'wss:')}/echo`, { ca });
await once(socket, 'open');
socket._socket.write(HALF_A_FRAME);

const session = http2.connect(origin, { ca });
await once(session, 'remoteSettings');
const stream = session.request(
  {
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': 'https',
    ':path': '/echo',
    ':authority': new URL(origin).host,
    'sec-websocket-version': '13',
  },
  { endStream: false },
);
await once(stream, 'response');
stream.write(HALF_A_FRAME);

process.stdout.write('ready\n');
