/* What is measured: the set, as runs of `trisock bench`. Three sizes of the same. */

export const SOCKETS = 100;
export const ECHO_BYTES = [32, 1024, 16384];
export const CONNECTIONS = [1, 10, 100];
export const ROUND_TRIPS_MS = [20, 100];
export const LOSSES = [0, 0.5, 2]; /* percent of the packets, each way */
export const TAIL = { rate: 500, bytes: 100 };
export const LINK_SEED = 7;
/* Few enough at a time that their cryptography does not count against the round trips. */
const LINK_OPENERS = 4;

/*
 * Seconds are of each round and version. |full| is what is published; |quick| the same set with one
 * round of each; |smoke| a part of it, to see that all works.
 */
export const PLANS = {
  full: {
    rounds: 3,
    echoBytes: ECHO_BYTES,
    connections: CONNECTIONS,
    roundTripsMs: ROUND_TRIPS_MS,
    losses: LOSSES,
    idleSockets: 5000,
    seconds: { open: 3, echo: 2, broadcast: 2, idle: 2, linkOpen: 6, tail: 10 },
    warmup: 0.5,
  },
  quick: {
    rounds: 1,
    echoBytes: ECHO_BYTES,
    connections: CONNECTIONS,
    roundTripsMs: ROUND_TRIPS_MS,
    losses: LOSSES,
    idleSockets: 2000,
    seconds: { open: 1, echo: 1, broadcast: 1, idle: 0.5, linkOpen: 2, tail: 5 },
    warmup: 0.3,
  },
  smoke: {
    rounds: 1,
    echoBytes: [32],
    connections: [10],
    roundTripsMs: [20],
    losses: [0, 2],
    idleSockets: 400,
    seconds: { open: 0.3, echo: 0.3, broadcast: 0.3, idle: 0.3, linkOpen: 0.5, tail: 1 },
    warmup: 0.1,
  },
};

export function bytesName(bytes) {
  return bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KiB`;
}

export function connectionsName(count) {
  return count === 1 ? '1 connection' : `${count} connections`;
}

export function linkName({ roundTripMs, loss }) {
  return `${roundTripMs} ms of round trip, ${loss} % loss`;
}

/*
 * The scenarios of a plan: [{ id, kind, title, path, args, link, isSeparate, ...numbers }].
 *
 * link        { roundTripMs, loss }: beyond such a link; else on loopback
 * isSeparate  each version by itself, with a server that has done nothing before: for its memory
 */
export function scenarios(plan) {
  return [
    ...opening(plan),
    ...echo(plan),
    ...broadcast(plan),
    ...idle(plan),
    ...linkOpening(plan),
    ...tails(plan),
  ];
}

function timing(plan, kind, rounds = plan.rounds) {
  return [
    ['--duration', `${plan.seconds[kind] * 1000}ms`],
    ['--warmup', `${plan.warmup * 1000}ms`],
    ['--rounds', String(rounds)],
  ].flat();
}

const open = (sockets) => ['--mode', 'open', '--sockets', String(sockets)];

function opening(plan) {
  const args = [...open(10), ...timing(plan, 'open')];
  return [
    {
      id: 'open-new',
      kind: 'open',
      title: 'opening, each socket on a new connection',
      path: '/echo',
      args: [...args, '--fresh'],
      isFresh: true,
    },
    {
      id: 'open-more',
      kind: 'open',
      title: 'opening, another socket on a connection that is there',
      path: '/echo',
      args: [...args, '--connections', '1'],
      isFresh: false,
    },
  ];
}

function echo(plan) {
  return plan.echoBytes.flatMap((bytes) =>
    plan.connections.map((connections) => ({
      id: `echo-${bytes}-${connections}`,
      kind: 'echo',
      title: `echo of ${bytesName(bytes)}, ${SOCKETS} sockets on ${connectionsName(connections)}`,
      path: '/echo',
      bytes,
      connections,
      args: [
        ['--mode', 'echo', '--in-flight', '1', '--size', String(bytes)],
        ['--sockets', String(SOCKETS), '--connections', String(connections)],
        timing(plan, 'echo'),
      ].flat(),
    })),
  );
}

function broadcast(plan) {
  const counts = plan.connections.length > 1 ? [1, SOCKETS] : plan.connections;
  return counts.map((connections) => ({
    id: `broadcast-${connections}`,
    kind: 'broadcast',
    title: `broadcast of 100 B to ${SOCKETS} sockets on ${connectionsName(connections)}`,
    path: '/rooms/compare',
    connections,
    args: [
      ['--mode', 'broadcast', '--size', '100'],
      ['--sockets', String(SOCKETS), '--connections', String(connections)],
      timing(plan, 'broadcast'),
    ].flat(),
  }));
}

function idle(plan) {
  const sockets = plan.idleSockets;
  return [sockets / 50, sockets].map((connections) => ({
    id: connections === sockets ? 'idle-own' : 'idle-shared',
    kind: 'idle',
    title: `${sockets} idle sockets on ${connections} connections`,
    path: '/echo',
    sockets,
    connections,
    isSeparate: true,
    args: [
      ['--mode', 'idle', '--sockets', String(sockets), '--connections', String(connections)],
      timing(plan, 'idle', 1),
    ].flat(),
  }));
}

function links(plan) {
  return plan.roundTripsMs.flatMap((roundTripMs) =>
    plan.losses.map((loss) => ({ roundTripMs, loss })),
  );
}

function linkOpening(plan) {
  const args = timing(plan, 'linkOpen');
  const scenario = (link, isFresh) => ({
    id: `link-open-${isFresh ? 'new' : 'more'}-${link.roundTripMs}-${link.loss}`,
    kind: 'linkOpen',
    title: `opening ${isFresh ? 'on new connections' : 'on one that is there'}, ${linkName(link)}`,
    path: '/echo',
    link,
    isFresh,
    args: [...open(LINK_OPENERS), ...(isFresh ? ['--fresh'] : ['--connections', '1']), ...args],
  });
  return links(plan).flatMap((link) => [
    scenario(link, true),
    ...(link.loss === 0 ? [scenario(link, false)] : []),
  ]);
}

function tails(plan) {
  return links(plan).map((link) => ({
    id: `tail-${link.roundTripMs}-${link.loss}`,
    kind: 'tail',
    title: `${SOCKETS} sockets on 1 connection, ${TAIL.rate} messages a second, ${linkName(link)}`,
    path: '/echo',
    link,
    args: [
      ['--mode', 'echo', '--rate', String(TAIL.rate), '--size', String(TAIL.bytes)],
      ['--sockets', String(SOCKETS), '--connections', '1'],
      timing(plan, 'tail'),
    ].flat(),
  }));
}
