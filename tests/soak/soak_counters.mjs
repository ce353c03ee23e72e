/* Do the server's counters add up: among themselves, and with what the clients did and saw? */
import { HTTPS, metricKey } from './soak_tally.mjs';

const value = (metrics, key) => metrics.get(key) ?? 0;

function row(counter, expected, got, isRight) {
  return { counter, expected: String(expected), got, isRight };
}

function compare(metrics, [key, { least, most }], base) {
  const got = value(metrics, key) - value(base, key);
  const expected = least === most ? least : `${least} to ${most}`;
  return row(key, expected, got, got >= least && got <= most);
}

/* opened = closed + open, of connections and of sockets, for each HTTP. */
function balance(metrics) {
  return HTTPS.flatMap((http) =>
    ['connections', 'sockets'].map((what) => {
      const opened = value(metrics, metricKey(`${what}_opened_total`, { http }));
      const open = value(metrics, metricKey(what, { http }));
      let closed = 0;
      for (const [key, count] of metrics) {
        const isOurs = key.startsWith(`trisock_${what}_closed_total{`);
        closed += isOurs && key.includes(`http="${http}"`) ? count : 0;
      }
      return row(
        `${what} opened = closed + open, ${http}`,
        opened,
        closed + open,
        opened === closed + open,
      );
    }),
  );
}

/* Counters that the clients can tell all of: what they expect nothing of must be 0. */
export const KNOWN = new RegExp(
  '^trisock_(connections_(opened|refused)|sockets_(opened|closed)|messages_\\w+|' +
    'message_bytes_\\w+|requests|requests_refused|floods_stopped)_total\\{',
);

/*
 * |metrics| of the server, |bounds| of a Tally: what they have grown by since |base| metrics.
 * Returns [{ counter, expected, got, isRight }].
 */
export function checkCounters(metrics, bounds, base = new Map()) {
  const rows = [...bounds].map((bound) => compare(metrics, bound, base));
  for (const key of metrics.keys()) {
    if (KNOWN.test(key) && !bounds.has(key) && value(metrics, key) !== value(base, key)) {
      rows.push(compare(metrics, [key, { least: 0, most: 0 }], base));
    }
  }
  rows.sort((a, b) => (a.counter < b.counter ? -1 : 1));
  return [
    ...balance(metrics),
    ...rows.filter(({ expected, got }) => expected !== '0' || got !== 0),
  ];
}

/* What |bounds| have grown by since |earlier|. */
export function since(bounds, earlier) {
  return new Map(
    [...bounds].map(([key, { least, most }]) => {
      const before = earlier.get(key) ?? { least: 0, most: 0 };
      return [key, { least: least - before.least, most: most - before.most }];
    }),
  );
}
