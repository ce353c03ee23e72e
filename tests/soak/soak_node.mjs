/*
 * The clients of HTTP/1.1 and HTTP/2 of one wave, in a process of their own: node's http2 was seen
 * to spin for ever in Http2Session::SendPendingData, and then nobody is there to end it. Started as
 * a program, this plays the wave of its argument and tells a Tally as JSON.
 */
import { fileURLToPath } from 'node:url';
import { identity } from '../integration/support/identity.mjs';
import { within } from '../integration/support/limits.mjs';
import { kill, start } from '../integration/support/processes.mjs';
import { act } from './soak_actors.mjs';
import { HTTP1_SCENES } from './soak_h1.mjs';
import { HTTP2_SCENES } from './soak_h2.mjs';
import { ROOM_SCENES } from './soak_rooms.mjs';
import { Tally } from './soak_tally.mjs';

const PROGRAM = fileURLToPath(import.meta.url);
const END_MS = 75_000; /* after the time given: a scene takes a minute at most */

/* How many clients there are at a time. */
const ACTORS = { 'http/1.1': 6, h2: 5, rooms: 1 };

export class Hang extends Error {}

/*
 * Plays for |seconds|, and adds to the tally of |stage| what was done. Rejects with a Hang, and
 * adds nothing, if the clients hang: they are ended.
 */
export async function playInNode({ server, tally, seed, wave, isPolite }, seconds) {
  const { port, origin, authority } = server;
  const told = { server: { port, origin, authority }, seed, wave, isPolite, seconds };
  const { directory } = await identity();
  const env = { ...process.env, TRISOCK_TEST_IDENTITY: directory };
  const started = start(process.execPath, [PROGRAM, JSON.stringify(told)], { env });
  try {
    const ms = seconds * 1000 + END_MS;
    const { code, stdout, stderr } = await within(ms, 'the clients in node', started.exited).catch(
      (error) => Promise.reject(new Hang(error.message)),
    );
    if (code !== 0) {
      throw new Error(`the clients in node ended with ${code}: ${stderr.slice(-2000)}`);
    }
    tally.add(JSON.parse(stdout));
  } finally {
    await kill(started);
  }
}

async function playWave({ seconds, ...stage }) {
  const tally = new Tally();
  const untilMs = Date.now() + seconds * 1000;
  const own = { ...stage, tally };
  await Promise.all([
    act('http/1.1', HTTP1_SCENES, ACTORS['http/1.1'], untilMs, own),
    act('h2', HTTP2_SCENES, ACTORS.h2, untilMs, own),
    act('http/1.1', ROOM_SCENES, ACTORS.rooms, untilMs, { ...own, seed: ~stage.seed }),
  ]);
  process.stdout.write(JSON.stringify(tally.tell()), () => process.exit());
}

if (process.argv[1] === PROGRAM) {
  await playWave(JSON.parse(process.argv[2]));
}
