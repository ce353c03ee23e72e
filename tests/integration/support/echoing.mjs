/* Sockets that echo without a pause, to show that nothing disturbs them. */
import assert from 'node:assert/strict';
import { connectHttp2 } from './http2_client.mjs';
import { nextMessage, openWs } from './npm_ws.mjs';

/* Waits until each has echoed since it had done |marks| rounds. */
export async function echoedSince(echoes, marks) {
  while (echoes.some((echo, index) => echo.rounds() === marks[index])) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/* Sockets that echo without a pause until stop(), which checks that each answer was right. */
export function keepEchoing(exchange) {
  let going = true;
  let rounds = 0;
  const running = (async () => {
    while (going) {
      const text = `round ${rounds}`;
      assert.equal(await exchange(text), text);
      rounds += 1;
    }
  })();
  running.catch(() => {});
  return {
    rounds: () => rounds,
    async stop() {
      going = false;
      await running;
      return rounds;
    },
  };
}

/* |count| sockets over HTTP/2, on one connection, and as many over HTTP/1.1. */
export async function openEchoes(t, server, count) {
  const echoes = await openHttp2Echoes(t, server, count);
  for (let i = 0; i < count; i += 1) {
    const socket = await openWs(t, server);
    echoes.push(
      keepEchoing(async (text) => {
        socket.send(text);
        return (await nextMessage(socket)).data.toString();
      }),
    );
  }
  return echoes;
}

async function openHttp2Echoes(t, server, count) {
  const connection = await connectHttp2(t, server);
  const echoes = [];
  for (let i = 0; i < count; i += 1) {
    const peer = await connection.openSocket();
    echoes.push(
      keepEchoing(async (text) => {
        peer.sendText(text);
        const thing = await peer.next();
        return thing.payload?.toString() ?? thing.type;
      }),
    );
  }
  return echoes;
}
