/* The sections of the document about the emulated link: opening, and who waits for losses. */
import { HTTPS, NAMES, figure, figures, quantile, seriesOf } from './compare_data.mjs';
import { formatNumber, formatTime } from './compare_format.mjs';
import { LINK_SEED, SOCKETS, TAIL } from './compare_plan.mjs';
import { plotBars, plotTails } from './compare_plot.mjs';
import { cells, linkLabel, linkOpenLabel, names, ofKind, percent } from './compare_tables.mjs';
import { join, relate, standing } from './compare_words.mjs';

/*
 * The time to open a socket that |share| of all do not exceed. On a connection that is there it is the
 * opening handshake alone; HTTP/1.1 has a new one each time.
 */
function openNs({ scenario, result }, http, share) {
  const histograms = seriesOf(result, http)?.histograms;
  const isWhole = scenario.isFresh || http === 'h1';
  return histograms && quantile(isWhole ? histograms.open : histograms.handshake, share);
}

export function openTimes(run, share = 0.5) {
  return Object.fromEntries(HTTPS.map((http) => [http, openNs(run, http, share)]));
}

function roundTrips(ns, run) {
  return ns === undefined ? formatNumber() : (ns / run.scenario.link.roundTripMs / 1e6).toFixed(2);
}

const PARTS = [
  ['connect_p50', 'TCP or QUIC'],
  ['tls_p50', 'TLS'],
  ['settings_p50', "the server's SETTINGS"],
  ['handshake_p50', 'opening handshake'],
];

/* Of the farthest link without loss: where the round trips go. */
function partsTable(runs) {
  const run = runs.filter(({ scenario }) => scenario.isFresh && scenario.link.loss === 0).at(-1);
  return run
    ? [
        { text: `Where they go, ${linkOpenLabel(run.scenario)}, medians in round trips:` },
        {
          table: {
            heads: ['', ...names],
            rows: PARTS.map(([key, name]) => [
              name,
              ...HTTPS.map((http) => roundTrips(figure(run.result, http, key), run)),
            ]),
          },
        },
      ]
    : [];
}

function openTable(runs, format) {
  const rows = runs.map((run) => [linkOpenLabel(run.scenario), ...format(run)]);
  return { table: { heads: ['', ...names], rows } };
}

export function linkOpening(set) {
  const runs = ofKind(set, 'linkOpen');
  if (runs.length === 0) {
    return [];
  }
  const title = 'Time to an open socket, median';
  const groups = runs.map((run) => ({
    label: linkOpenLabel(run.scenario),
    values: openTimes(run),
  }));
  const times = (run, share) => Object.values(openTimes(run, share)).map(formatTime);
  return [
    { heading: 'Opening a socket, far away' },
    {
      text:
        'An emulated link (`./dev link`) with a delay of half the round trip each way, and losses each way. Where the other end is ' +
        'far away, opening takes round trips: with TCP one for it, one for TLS 1.3, then those of HTTP; QUIC does its own and ' +
        "TLS's in one. HTTP/2 and HTTP/3 also wait for the server's SETTINGS, which say whether WebSocket is on. On an open " +
        'connection they only ask for another stream, while HTTP/1.1 makes a new connection. In round trips, the median:',
    },
    openTable(runs, (run) => HTTPS.map((http) => roundTrips(openNs(run, http, 0.5), run))),
    ...partsTable(runs),
    {
      plot: {
        name: 'link-opening',
        alt: title,
        svg: plotBars({ title, groups, format: formatTime }),
      },
    },
    {
      text: 'The 90th percentile. A lost packet of a handshake is often noticed by a timer alone, as few others follow it:',
    },
    openTable(runs, (run) => times(run, 0.9)),
    {
      items: runs.map(
        (run) =>
          `${linkOpenLabel(run.scenario)}: ` +
          standing(openTimes(run), { lower: true, format: formatTime }),
      ),
    },
  ];
}

/* The share of messages that took longer than one and a half round trips, percent. */
export function lateShare(run, http) {
  const histogram = seriesOf(run.result, http)?.histograms.latency;
  if (!histogram?.total) {
    return undefined;
  }
  const bound = run.scenario.link.roundTripMs * 1.5e6;
  const late = histogram.buckets.reduce((sum, [low, count]) => sum + (low > bound ? count : 0), 0);
  return (late / histogram.total) * 100;
}

function tailPlot(runs, roundTripMs) {
  const facets = runs.map(({ scenario, result }) => {
    const known = HTTPS.filter((http) => seriesOf(result, http)?.histograms.latency.total > 0);
    const histograms = known.map((http) => [http, seriesOf(result, http).histograms.latency]);
    return {
      label: `${scenario.link.loss} % loss`,
      total: Math.min(...histograms.map(([, histogram]) => histogram.total)),
      quantiles: Object.fromEntries(
        histograms.map(([http, histogram]) => [http, (share) => quantile(histogram, share)]),
      ),
    };
  });
  const title = `Latency of an echo, ${roundTripMs} ms of round trip`;
  return {
    plot: {
      name: `tail-${roundTripMs}`,
      alt: title,
      svg: plotTails({ title, facets, format: formatTime }),
    },
  };
}

/* "At 2 % loss the p99 of HTTP/3 is 0.42 of that of HTTP/2 ..." */
function tailSentence(run) {
  const { roundTripMs, loss } = run.scenario.link;
  const p99 = figures(run.result, 'latency_p99');
  const start = `${roundTripMs} ms, ${loss} % loss: `;
  if (!p99.h2 || !p99.h3) {
    return `${start}not measured on both.`;
  }
  const both = `HTTP/3's p99, ${formatTime(p99.h3)}, is ${relate(p99.h3, p99.h2)} HTTP/2's, ${formatTime(p99.h2)}`;
  const third = p99.h1 ? `; HTTP/1.1's is ${formatTime(p99.h1)}` : '';
  const late = HTTPS.filter((http) => lateShare(run, http) !== undefined).map(
    (http) => `${NAMES[http]} ${percent(lateShare(run, http))}`,
  );
  return `${start}${both}${third}. Later than one and a half round trips are ${join(late)} of the messages.`;
}

export function tails(set) {
  const runs = ofKind(set, 'tail');
  if (runs.length === 0) {
    return [];
  }
  const trips = [...new Set(runs.map(({ scenario }) => scenario.link.roundTripMs))];
  const row = ({ scenario, result }, name, key) => [
    `${linkLabel(scenario.link)}: ${name}`,
    ...cells(result, key, formatTime),
  ];
  return [
    { heading: 'Losses, and who waits for them' },
    {
      text:
        `${SOCKETS} sockets on one connection (HTTP/1.1: on ${SOCKETS}) send ${TAIL.rate} messages a second of ${TAIL.bytes} bytes, all together, ` +
        'at times that do not depend on the answers; the latency counts from the time at which a message was due. TCP hands over bytes ' +
        'in order, so on HTTP/2 a lost packet holds up all sockets of its connection until it has come again; QUIC keeps each stream in order by ' +
        'itself. On HTTP/1.1 a loss holds up one socket alone, but a connection with little traffic notices a loss late: ' +
        'no packets follow whose acknowledgements would tell, so a timer has to.',
    },
    ...trips.map((trip) =>
      tailPlot(
        runs.filter(({ scenario }) => scenario.link.roundTripMs === trip),
        trip,
      ),
    ),
    {
      table: {
        heads: ['', ...names],
        rows: runs.flatMap((run) => [
          row(run, 'p50', 'latency_p50'),
          row(run, 'p90', 'latency_p90'),
          row(run, 'p99', 'latency_p99'),
          row(run, 'p99.9', 'latency_p999'),
          [
            `${linkLabel(run.scenario.link)}: later than 1.5 round trips`,
            ...HTTPS.map((http) => percent(lateShare(run, http))),
          ],
        ]),
      },
    },
    { items: runs.map(tailSentence) },
    {
      text: `The seed of the losses is ${LINK_SEED}: the same packets, by their number, are lost in every run.`,
    },
  ];
}
