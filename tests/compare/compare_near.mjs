/* The sections of the document about loopback: opening, echo, broadcast, idle sockets. */
import { HTTPS, NAMES, figure, figures, spreads } from './compare_data.mjs';
import { formatBytes, formatNumber, formatTime } from './compare_format.mjs';
import { SOCKETS, bytesName, connectionsName } from './compare_plan.mjs';
import { plotBars } from './compare_plot.mjs';
import {
  among,
  cells,
  echoLabel,
  first,
  idleLabel,
  last,
  names,
  ofId,
  ofKind,
  perSecond,
  withLabel,
} from './compare_tables.mjs';
import { join, rank, relate, standing } from './compare_words.mjs';

export function opening(set) {
  const runs = ofKind(set, 'open');
  const fresh = ofId(set, 'open-new');
  if (!fresh) {
    return [];
  }
  const row = (run, what, key, format) => [what, ...cells(run.result, key, format)];
  const rows = runs.flatMap((run) => {
    const on = run.scenario.isFresh ? 'new connection' : 'open connection';
    return [
      row(run, `${on}: sockets a second`, 'sockets_per_s', perSecond),
      row(run, `${on}: server's CPU a socket`, 'server_cpu_per_socket', formatTime),
    ];
  });
  const parts = [
    ['connect_p50', 'TCP or QUIC'],
    ['tls_p50', 'TLS'],
    ['settings_p50', 'SETTINGS'],
    ['handshake_p50', 'opening handshake'],
    ['open_p50', 'all of it'],
  ].map(([key, name]) => row(fresh, `new connection: ${name}, median`, key, formatTime));
  return [
    { heading: 'Opening a socket, nearby' },
    {
      text:
        'Without a network in between, opening costs what the cryptography and the handshakes of the protocols cost. ' +
        'A further socket on a connection of HTTP/2 or HTTP/3 is a stream: it needs no cryptography of its own. ' +
        'HTTP/1.1 has no such thing, and opens a connection.',
    },
    { table: { heads: ['', ...names], rows: [...rows, ...parts] } },
    {
      items: runs.map(
        ({ scenario, result }) =>
          `Sockets a second, ${scenario.isFresh ? 'each on a new connection' : 'on connections that are there'}: ` +
          standing(figures(result, 'sockets_per_s'), {
            format: perSecond,
            spreads: spreads(result, 'sockets_per_s'),
          }),
      ),
    },
  ];
}

/* "On 1 connection in place of 100, HTTP/2 does 1.6 times as many, HTTP/3 2.1 times." */
function sharingSentences(runs) {
  return among(runs.map(({ scenario }) => scenario.bytes)).flatMap((bytes) => {
    const ofSize = runs.filter(({ scenario }) => scenario.bytes === bytes);
    const [few, many] = [first(ofSize), last(ofSize)];
    const gains = ['h2', 'h3'].flatMap((http) => {
      const [a, b] = [few, many].map(({ result }) => figure(result, http, 'messages_per_s'));
      return few !== many && a && b ? [`${NAMES[http]} ${relate(a, b)}`] : [];
    });
    const [less, more] = [few, many].map(({ scenario }) => scenario.connections);
    return gains.length > 0
      ? [
          `Messages a second of ${bytesName(bytes)}, ${connectionsName(less)} against ${more}: ${join(gains)} as many.`,
        ]
      : [];
  });
}

/* Who is ahead in how many of |runs|. */
function tallySentence(runs, key, options) {
  const wins = new Map();
  for (const { result } of runs) {
    const ranked = rank(figures(result, key), { ...options, spreads: spreads(result, key) });
    const leaders = ranked.filter(({ isLevel }, index) => index === 0 || isLevel);
    const who = HTTPS.filter((http) => leaders.some((one) => one.http === http));
    const name = `${join(who.map((http) => NAMES[http]))}${who.length > 1 ? ', level,' : ''}`;
    wins.set(name, (wins.get(name) ?? 0) + (name ? 1 : 0));
  }
  const parts = [...wins]
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} in ${count}`);
  return `Ahead${runs.length > 1 ? `, of ${runs.length} cases` : ''}: ${join(parts)}.`;
}

export function echo(set) {
  const runs = ofKind(set, 'echo');
  if (runs.length === 0) {
    return [];
  }
  const table = (key, format) => ({
    table: {
      heads: ['', ...names],
      rows: runs.map(({ scenario, result }) => [
        echoLabel(scenario),
        ...cells(result, key, format),
      ]),
    },
  });
  const plot = (name, title, key, format) => ({
    plot: {
      name,
      alt: title,
      svg: plotBars({
        title,
        format,
        groups: runs.map((run) => withLabel(echoLabel(run.scenario), run, key)),
      }),
    },
  });
  const loads = ({ result }, http) =>
    ['server_load', 'client_load']
      .map((key) => figure(result, http, key))
      .map((load) => (load === undefined ? '–' : load.toFixed(0)))
      .join(' / ');
  return [
    { heading: 'Echo' },
    {
      text:
        `${SOCKETS} sockets, each of which sends a message when the last one has come back. Messages of sockets that ` +
        'share a connection share packets, TLS records and system calls; those on connections of their own do not.',
    },
    plot('echo-messages', 'Messages echoed a second', 'messages_per_s', perSecond),
    table('messages_per_s', perSecond),
    { items: [tallySentence(runs, 'messages_per_s', {}), ...sharingSentences(runs)] },
    {
      text:
        'What a message costs the server. This decides how many sockets a core carries, and does not depend on how ' +
        'fast the client is:',
    },
    plot('echo-cpu', "Server's CPU time a message", 'server_cpu_per_message', formatTime),
    table('server_cpu_per_message', formatTime),
    { items: [tallySentence(runs, 'server_cpu_per_message', { lower: true })] },
    {
      text: 'How busy the two cores were, in percent, server / client; the one that is full sets the pace:',
    },
    {
      table: {
        heads: ['', ...names],
        rows: runs.map((run) => [
          echoLabel(run.scenario),
          ...HTTPS.map((http) => loads(run, http)),
        ]),
      },
    },
    {
      text: "The 99th percentile of latency, most of which is waiting for the other sockets' messages:",
    },
    table('latency_p99', formatTime),
    {
      text: 'Bytes on the wire a message, from the client, beyond the message itself (payload of TCP and UDP):',
    },
    table('overhead_out_per_message', formatNumber),
  ];
}

export function broadcast(set) {
  const runs = ofKind(set, 'broadcast');
  if (runs.length === 0) {
    return [];
  }
  const label = ({ connections }) => connectionsName(connections);
  return [
    { heading: 'Broadcast' },
    {
      text: `One socket sends 100 bytes, ${SOCKETS} receive them; the next goes when all have the last. Counted are deliveries.`,
    },
    {
      table: {
        heads: ['', ...names],
        rows: runs.flatMap(({ scenario, result }) => [
          [`${label(scenario)}: deliveries`, ...cells(result, 'messages_per_s', perSecond)],
          [
            `${label(scenario)}: server's CPU a delivery`,
            ...cells(result, 'server_cpu_per_message', formatTime),
          ],
          [`${label(scenario)}: p99 of a delivery`, ...cells(result, 'latency_p99', formatTime)],
        ]),
      },
    },
    {
      items: runs.map(
        ({ scenario, result }) =>
          `${label(scenario)}: ` +
          standing(figures(result, 'messages_per_s'), {
            format: perSecond,
            spreads: spreads(result, 'messages_per_s'),
          }),
      ),
    },
  ];
}

/* What a server frees that it had at its start may be more than what a few sockets take. */
function formatMemory(bytes) {
  return bytes <= 0 ? 'too little to tell' : formatBytes(bytes);
}

export function idle(set) {
  const runs = ofKind(set, 'idle');
  if (runs.length === 0) {
    return [];
  }
  const label = idleLabel;
  return [
    { heading: 'Idle sockets' },
    {
      text:
        'The memory of the server that a socket takes which nobody uses, its share of the connection included. Each ' +
        'version has a server of its own that did nothing before.',
    },
    {
      table: {
        heads: ['', ...names],
        rows: runs.map(({ scenario, result }) => [
          label(scenario),
          ...cells(result, 'server_memory_per_socket', formatMemory),
        ]),
      },
    },
    {
      items: runs.map(
        ({ scenario, result }) =>
          `${label(scenario)}: ` +
          standing(figures(result, 'server_memory_per_socket'), {
            lower: true,
            format: formatBytes,
          }),
      ),
    },
  ];
}
