/*
 * The whole comparison as a document: a list of blocks, which compare_markdown.mjs and
 * compare_html.mjs spell. Blocks are { heading }, { text }, { items }, { table: { heads, rows } },
 * { plot: { name, alt, svg } } and { code }; `x` in a text is code. What is said of numbers follows
 * from the numbers (compare_words.mjs).
 */
import { HTTPS, NAMES, faultsOf, figures, seriesOf, spreads } from './compare_data.mjs';
import { lateShare, linkOpening, openTimes, tails } from './compare_far.mjs';
import { formatBytes, formatTime } from './compare_format.mjs';
import { broadcast, echo, idle, opening } from './compare_near.mjs';
import { SOCKETS, connectionsName } from './compare_plan.mjs';
import {
  among,
  echoLabel,
  ends,
  idleLabel,
  linkLabel,
  linkOpenLabel,
  ofId,
  ofKind,
  perSecond,
  percent,
} from './compare_tables.mjs';
import { verdict } from './compare_words.mjs';

/* The document of |set|; see compare.mjs for what is in it. */
export function describe(set) {
  return [
    ...introduction(set),
    ...inShort(set),
    ...howItWasMeasured(set),
    ...opening(set),
    ...echo(set),
    ...broadcast(set),
    ...idle(set),
    ...linkOpening(set),
    ...tails(set),
    ...limits(set),
  ];
}

/* ---- the frame */

function introduction(set) {
  const sentences = {
    full: 'It is the whole set.',
    quick: 'It is the quick set: one short round of each, so that small differences mean nothing.',
    smoke: 'It is a part of the set, far too short for its figures to mean anything.',
  };
  return [
    { heading: 'WebSocket over HTTP/1.1, HTTP/2 and HTTP/3, measured', level: 1 },
    {
      text:
        'One server, one client, one machine: the same WebSocket messages over the three versions of HTTP, ' +
        'whose rounds take turns. `./dev compare` made this page and every sentence in it that holds a number. ' +
        (set.isComplete ? sentences[set.size] : 'Only a part of the set was run.'),
    },
    ...troubles(set),
  ];
}

function troubles(set) {
  const items = set.notes.concat(
    set.runs.flatMap(({ scenario, result, error }) => [
      ...(error ? [`${scenario.title}: did not run: ${error}`] : []),
      ...(result?.series ?? []).flatMap((series) => trouble(scenario, series)),
    ]),
  );
  return items.length > 0
    ? [{ text: 'What went wrong, or is not as it should be:' }, { items }]
    : [];
}

function trouble(scenario, series) {
  const name = `${scenario.title}, ${NAMES[series.http]}`;
  if (!series.is_run) {
    return [`${name}: not run: ${series.why}`];
  }
  const { count, why } = faultsOf(series);
  return count > 0 ? [`${name}: ${count} faults, the first: ${why}`] : [];
}

/* Beyond the farthest link: the tail, and how many messages a loss holds up. */
function farVerdicts(run) {
  const label = linkLabel(run.scenario.link);
  const late = Object.fromEntries(HTTPS.map((http) => [http, lateShare(run, http)]));
  const options = { lower: true, format: formatTime, spreads: spreads(run.result, 'latency_p99') };
  return [
    verdict(`p99 of an echo, ${label}`, figures(run.result, 'latency_p99'), options),
    run.scenario.link.loss > 0 &&
      verdict(`echoes half a round trip late or more, ${label}`, late, {
        lower: true,
        format: percent,
      }),
  ];
}

/* One row for each question that somebody may come with: the ends of each range, not what is between. */
function inShort(set) {
  const ask = (run, what, key, options) =>
    run &&
    verdict(what, figures(run.result, key), { ...options, spreads: spreads(run.result, key) });
  const fast = { format: perSecond };
  const cheap = { lower: true, format: formatTime };
  const echoes = ofKind(set, 'echo');
  const sizes = ends(among(echoes.map(({ scenario }) => scenario.bytes)));
  const counts = ends(among(echoes.map(({ scenario }) => scenario.connections)));
  const isAtEnds = ({ scenario }) =>
    sizes.includes(scenario.bytes) && counts.includes(scenario.connections);
  const farthest = Math.max(...set.runs.map(({ scenario }) => scenario.link?.roundTripMs ?? 0));
  const isFar = ({ scenario }) => scenario.link.roundTripMs === farthest;
  const rows = [
    ask(ofId(set, 'open-new'), 'sockets opened, each on a new connection', 'sockets_per_s', fast),
    ask(ofId(set, 'open-more'), 'sockets opened on open connections', 'sockets_per_s', fast),
    ...echoes
      .filter(isAtEnds)
      .flatMap((run) => [
        ask(run, `echoes, ${echoLabel(run.scenario)}`, 'messages_per_s', fast),
        ask(run, `server's CPU an echo, the same`, 'server_cpu_per_message', cheap),
      ]),
    ...ofKind(set, 'broadcast').map((run) =>
      ask(
        run,
        `deliveries of a broadcast, ${connectionsName(run.scenario.connections)}`,
        'messages_per_s',
        fast,
      ),
    ),
    ...ofKind(set, 'idle').map((run) =>
      ask(run, `memory a socket, ${idleLabel(run.scenario)}`, 'server_memory_per_socket', {
        lower: true,
        format: formatBytes,
      }),
    ),
    ...ofKind(set, 'linkOpen')
      .filter(isFar)
      .map((run) => verdict(`time to open, ${linkOpenLabel(run.scenario)}`, openTimes(run), cheap)),
    ...ofKind(set, 'tail').filter(isFar).flatMap(farVerdicts),
  ].filter(Boolean);
  return [
    { heading: 'In short' },
    {
      text:
        'Who is ahead, and how far behind the others are: of a speed the share that they reach, of a time or a ' +
        'size how many times as much they take. Those within 5 %, or whose rounds overlap, count as level.',
    },
    { table: { heads: ['what', 'ahead', 'the others'], rows } },
  ];
}

function howItWasMeasured(set) {
  const one = set.runs.find(({ result }) => result)?.result;
  const carriers = HTTPS.map((http) => seriesOf(one, http)?.carrier).filter(Boolean);
  return [
    { heading: 'How it was measured' },
    {
      items: [
        `Machine: ${one?.machine ?? 'unknown'}. Server and client: \`trisock\` ${one?.trisock ?? ''}.`,
        `When: ${set.started}, in ${(set.seconds / 60).toFixed(1)} minutes. Command: \`${set.command}\`.`,
        set.isPinned
          ? 'On loopback the server has one core and the client another (`taskset`).'
          : 'Server and client share what cores there are: nothing is pinned.',
        `What they ride on: ${carriers.join('; ')}.`,
        'TLS is on everywhere, handshakes are full ones (no resumption), and messages are not compressed.',
        'HTTP/1.1 always has one connection a socket, so that in its columns the number of connections is that of the sockets.',
      ],
    },
  ];
}

function limits(set) {
  const commands = set.runs
    .filter(({ bench }) => bench)
    .map(({ scenario, bench }) => `# ${scenario.title}\n${bench}`);
  return [
    { heading: 'What this does not show' },
    {
      items: [
        "Other implementations: the costs are those of this server and this client. Congestion control is the kernel's for TCP and BBR in user space for QUIC, which halves its window for 200 ms every five seconds.",
        'Network cards: on loopback the kernel hands TCP whole buffers of up to 64 KiB without checksums, while QUIC seals each datagram by itself.',
        'Losses that come in runs, and links that are full: here each packet is lost or not by itself, and the link has no rate.',
        'Browsers, which open sockets and share connections by rules of their own.',
      ],
    },
    { heading: 'Each run' },
    { code: commands.join('\n') },
  ];
}
