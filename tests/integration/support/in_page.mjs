/*
 * What the tests run inside a browser's page. Each function is sent as its source text, so it uses
 * nothing outside itself; contents are made and compared in the page, only verdicts travel back.
 */

/*
 * Opens |url|, echoes a message of each size as text and as binary, closes with 4001 "bye".
 * Returns { echoes: [{ kind, size, same }], close: { code, reason, wasClean } }.
 */
export function echoAndClose({ url, sizes }) {
  const content = (size) => {
    const bytes = new Uint8Array(size);
    let state = 0x2545f491 ^ size;
    for (let i = 0; i < size; i += 1) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      bytes[i] = state >>> 24;
    }
    return bytes;
  };
  const text = (size) => {
    const unit = 'trisock · ≤125 · 𝄞 ';
    const unitBytes = new TextEncoder().encode(unit).length;
    return unit.repeat(Math.floor(size / unitBytes)) + 'x'.repeat(size % unitBytes);
  };
  const sameBytes = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);
  return new Promise((resolve) => {
    const queue = sizes.flatMap((size) => [
      { kind: 'text', size, message: text(size) },
      { kind: 'binary', size, message: content(size) },
    ]);
    const echoes = [];
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    const sendNext = () => {
      if (queue.length === 0) {
        socket.close(4001, 'bye');
      } else {
        socket.send(queue[0].message);
      }
    };
    socket.onopen = sendNext;
    socket.onmessage = ({ data }) => {
      const { kind, size, message } = queue.shift();
      const same =
        kind === 'text'
          ? data === message
          : data instanceof ArrayBuffer && sameBytes(new Uint8Array(data), message);
      echoes.push({ kind, size, same });
      sendNext();
    };
    socket.onclose = ({ code, reason, wasClean }) =>
      resolve({ echoes, close: { code, reason, wasClean } });
  });
}

/*
 * Opens |count| sockets at once and, when all are open, exchanges |messages| messages on each; they
 * stay open as window.sockets. Returns, a socket, how many of its messages came back right.
 */
export function openSockets({ url, count, messages }) {
  const open = () =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(url);
      socket.onopen = () => resolve(socket);
      socket.onclose = ({ code }) => reject(new Error(`closed with ${code}`));
    });
  const exchange = (socket, index) =>
    new Promise((resolve, reject) => {
      const expected = Array.from({ length: messages }, (_, i) => `socket ${index} message ${i}`);
      let right = 0;
      let received = 0;
      socket.onclose = ({ code }) => reject(new Error(`closed with ${code} after ${received}`));
      socket.onmessage = ({ data }) => {
        right += data === expected[received] ? 1 : 0;
        received += 1;
        if (received === messages) {
          resolve(right);
        }
      };
      expected.forEach((message) => socket.send(message));
    });
  return Promise.all(Array.from({ length: count }, open)).then((sockets) => {
    window.sockets = sockets;
    return Promise.all(sockets.map(exchange));
  });
}

/* Closes what openSockets() opened; returns their close events. */
export function closeSockets() {
  return Promise.all(
    window.sockets.map(
      (socket) =>
        new Promise((resolve) => {
          socket.onclose = ({ code, reason, wasClean }) => resolve({ code, reason, wasClean });
          socket.close(4001, 'bye');
        }),
    ),
  );
}

/* Opens and closes |count| sockets, |batch| at a time; returns how many closed cleanly. */
export async function churnSockets({ url, count, batch }) {
  const one = () =>
    new Promise((resolve) => {
      const socket = new WebSocket(url);
      socket.onopen = () => socket.close(1000);
      socket.onclose = ({ code, wasClean }) => resolve(code === 1000 && wasClean ? 1 : 0);
    });
  let clean = 0;
  for (let done = 0; done < count; done += batch) {
    const results = await Promise.all(Array.from({ length: Math.min(batch, count - done) }, one));
    clean += results.reduce((sum, result) => sum + result, 0);
  }
  return clean;
}

/* fetch() of a path of the page's origin; |bytes| is the length of the body. */
export async function fetchInPage(path) {
  const url = new URL(path, location.href).href;
  const response = await fetch(url, { cache: 'no-store' });
  const body = await response.arrayBuffer();
  return { status: response.status, bytes: body.byteLength };
}

/*
 * Opens |count| sockets, |batch| at a time, which stay open as window.sockets; rejects if one does
 * not open.
 */
export async function openInBatches({ url, count, batch }) {
  const open = () =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(url);
      socket.onopen = () => resolve(socket);
      socket.onclose = ({ code }) => reject(new Error(`closed with ${code}`));
    });
  window.sockets = [];
  while (window.sockets.length < count) {
    const length = Math.min(batch, count - window.sockets.length);
    window.sockets.push(...(await Promise.all(Array.from({ length }, open))));
  }
}

/* Echoes a text on each of window.sockets in turn, |rounds| times; returns the time of each, ms. */
export async function timeEchoes({ rounds }) {
  const echo = (socket, text) =>
    new Promise((resolve, reject) => {
      const start = performance.now();
      socket.onclose = ({ code }) => reject(new Error(`closed with ${code}`));
      socket.onmessage = ({ data }) =>
        data === text ? resolve(performance.now() - start) : reject(new Error(`echoed ${data}`));
      socket.send(text);
    });
  const times = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, socket] of window.sockets.entries()) {
      times.push(await echo(socket, `round ${round} of socket ${index}`));
    }
  }
  return times;
}

/*
 * Opens a WebSocketStream, whose readable is not read until somebody does, as window.pusher: it
 * echoes one message, and is ready to push |count| of |size| bytes.
 */
export async function openPusher({ url, size, count }) {
  const random = new Uint8Array(size + count);
  let state = 0x2545f491;
  for (let i = 0; i < random.length; i += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    random[i] = state >>> 24;
  }
  /* No two are equal. */
  const message = (n) => random.subarray(n, n + size);
  const { readable, writable } = await new WebSocketStream(url).opened;
  const reader = readable.getReader();
  const writer = writable.getWriter();
  const readOne = async (n) => {
    const { value } = await reader.read();
    const expected = message(n);
    if (!(value instanceof ArrayBuffer) || value.byteLength !== size) {
      throw new Error(`message ${n} did not come back`);
    }
    const bytes = new Uint8Array(value);
    for (let i = 0; i < size; i += 1) {
      if (bytes[i] !== expected[i]) {
        throw new Error(`message ${n} came back changed at ${i}`);
      }
    }
  };
  await writer.write(message(0));
  await readOne(0);
  const pusher = { sent: 0, waits: false };
  pusher.push = async () => {
    while (pusher.sent < count) {
      pusher.waits = true;
      await writer.ready;
      pusher.waits = false;
      /* Settles when it was sent, or fails with the socket, and then the reader tells. */
      writer.write(message(pusher.sent)).catch(() => {});
      pusher.sent += 1;
    }
  };
  pusher.read = async () => {
    for (let n = 0; n < count; n += 1) {
      await readOne(n);
    }
  };
  window.pusher = pusher;
}

/*
 * Has each of window.sockets echo a message, wait |pauseMs|, and so on, until the server closes it.
 * window.ends is then { echoes, wrong, late, code, wasClean } of each: late are messages after the
 * close.
 */
export function talkUntilClosed({ pauseMs }) {
  const talk = (socket, index) =>
    new Promise((resolve) => {
      const seen = { echoes: 0, wrong: 0, late: 0 };
      const say = () => {
        if (socket.readyState === WebSocket.OPEN) {
          socket.send(`socket ${index} says ${seen.echoes}`);
        }
      };
      socket.onmessage = ({ data }) => {
        seen.late += seen.code === undefined ? 0 : 1;
        seen.wrong += data === `socket ${index} says ${seen.echoes}` ? 0 : 1;
        seen.echoes += 1;
        setTimeout(say, pauseMs);
      };
      socket.onclose = ({ code, wasClean }) => resolve(Object.assign(seen, { code, wasClean }));
      say();
    });
  window.ends = Promise.all(window.sockets.map(talk));
}

/* Opens |url| and echoes for ever, with a pause between two messages; window.echoes counts. */
export function echoForEver({ url, pauseMs }) {
  window.echoes = 0;
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    const send = () => socket.send(`echo ${window.echoes}`);
    socket.onopen = () => {
      send();
      resolve();
    };
    socket.onclose = ({ code }) => reject(new Error(`closed with ${code}`));
    socket.onmessage = ({ data }) => {
      if (data === `echo ${window.echoes}`) {
        window.echoes += 1;
        setTimeout(send, pauseMs);
      }
    };
  });
}
