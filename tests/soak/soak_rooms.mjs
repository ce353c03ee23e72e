/* Rooms whose members come over HTTP/1.1 and HTTP/2, hear each other, and go. */
import assert from 'node:assert/strict';
import { TEXT } from '../integration/support/frames.mjs';
import { connectHttp2 } from '../integration/support/http2_client.mjs';
import { openHttp1 } from './soak_h1.mjs';
import { FramedSocket } from './soak_socket.mjs';
import { Account } from './soak_tally.mjs';

/* How to join over each HTTP: |open|(path) gives a FramedSocket. */
async function ways(client) {
  const { t, server, tally, account } = client;
  const ofHttp2 = new Account(tally, 'h2', account.row.kind);
  const connection = await connectHttp2(t, server);
  ofHttp2.connection();
  return [
    (path) => openHttp1(client, path),
    async (path) => new FramedSocket(await connection.openSocket(path), ofHttp2),
  ];
}

async function nextEvent(socket) {
  const thing = await socket.next();
  assert.equal(thing.type, 'message', `${thing.type} ${thing.code ?? ''} instead of an event`);
  socket.account.answered(1, 1, thing.payload.length, thing.payload.length);
  return JSON.parse(thing.payload);
}

async function join(members, open, path) {
  const member = await open(path);
  assert.equal((await nextEvent(member)).event, 'welcome');
  for (const other of members) {
    assert.equal((await nextEvent(other)).event, 'join');
  }
  members.push(member);
}

async function say(members, member, text) {
  member.account.received(1, 1, text.length, text.length);
  member.account.row.messages += 1;
  member.peer.send(TEXT, text);
  for (const listener of members) {
    assert.equal((await nextEvent(listener)).text, text);
  }
}

/* A member leaves politely, or is gone. */
async function leave(members, random, isPolite) {
  const member = members.shift();
  if (isPolite || random.chance(0.5)) {
    await member.close(1000);
  } else {
    member.lost();
    member.peer.stream.destroy();
  }
  for (const other of members) {
    assert.equal((await nextEvent(other)).event, 'leave');
  }
}

async function meet(client, isPolite) {
  const { random } = client;
  const path = `/rooms/soak-${random.below(1e9)}`;
  const both = await ways(client);
  const members = [];
  for (let i = random.between(2, 6); i > 0; i -= 1) {
    await join(members, random.of(both), path);
  }
  for (const [index, member] of members.entries()) {
    await say(members, member, `said by ${index}`);
  }
  while (members.length > 0) {
    await leave(members, random, isPolite);
  }
}

export const ROOM_SCENES = [
  { kind: 'room', weight: 2, polite: true, run: (client) => meet(client, true) },
  { kind: 'room, some vanish', weight: 1, run: (client) => meet(client, false) },
];
