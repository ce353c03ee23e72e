/*
 * Sentences that follow from numbers. No winner is written down anywhere: whoever has the numbers is
 * named. Two that differ by less than LEVEL, or whose rounds overlap, are called level.
 */
import { HTTPS, NAMES } from './compare_data.mjs';
import { digits } from './compare_format.mjs';

export const LEVEL = 0.05;

const overlap = (a, b) => a && b && a.least <= b.most && b.least <= a.most;

/*
 * { h1, h2, h3 } in order, best first: [{ http, value, times, isLevel }]. |times| is its distance
 * from the best, 1 or more; |isLevel|: that says nothing.
 */
export function rank(values, { lower, spreads = {} }) {
  const known = HTTPS.filter((http) => values[http] > 0);
  known.sort((a, b) => (lower ? values[a] - values[b] : values[b] - values[a]));
  const [best] = known;
  return known.map((http) => {
    const times = lower ? values[http] / values[best] : values[best] / values[http];
    const isLevel =
      http !== best && (times < 1 + LEVEL || Boolean(overlap(spreads[http], spreads[best])));
    return { http, value: values[http], times, isLevel };
  });
}

export function join(words) {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/*
 * "HTTP/1.1 is ahead with 412 k; HTTP/2 has 0.93 of that, HTTP/3 0.46." |lower|: less is better:
 * "HTTP/3 is lowest with 41 ms; HTTP/1.1 takes 1.5 times that, ..."
 */
export function standing(values, { lower = false, format, spreads }) {
  const ranked = rank(values, { lower, spreads });
  if (ranked.length === 0) {
    return 'Not measured.';
  }
  const level = ranked.filter(({ isLevel }) => isLevel);
  const behind = ranked.slice(1).filter(({ isLevel }) => !isLevel);
  const first = ranked[0];
  const leaders = join([first, ...level].map(({ http }) => NAMES[http]));
  const what = lower ? 'lowest' : 'ahead';
  const with_ =
    level.length > 0
      ? `about level, with ${format(first.value)}`
      : `${what} with ${format(first.value)}`;
  const verb = level.length > 0 ? 'are' : 'is';
  const others = behind.map(({ http, times }, index) =>
    lower
      ? `${NAMES[http]}${index === 0 ? ' takes' : ''} ${digits(times, 2)} times${index === 0 ? ' that' : ''}`
      : `${NAMES[http]}${index === 0 ? ' reaches' : ''} ${digits(1 / times, 2)}${index === 0 ? ' of that' : ''}`,
  );
  return `${leaders} ${verb} ${with_}${others.length > 0 ? `; ${join(others)}` : ''}.`;
}

/* One of the table "who is ahead": [what, who, how far the others are]. */
export function verdict(what, values, { lower = false, format, spreads }) {
  const ranked = rank(values, { lower, spreads });
  if (ranked.length === 0) {
    return undefined;
  }
  const leaders = ranked.filter(({ isLevel }, index) => index === 0 || isLevel);
  const behind = ranked.filter(({ isLevel }, index) => index > 0 && !isLevel);
  const share = ({ times }) =>
    lower ? `${digits(times, 2)}×` : `${digits(100 / times, 2)}\u00a0%`;
  return [
    what,
    `${join(leaders.map(({ http }) => NAMES[http]))}: ${format(ranked[0].value)}`,
    behind.map((one) => `${NAMES[one.http]} ${share(one)}`).join(', ') || 'all are level',
  ];
}

/* "3.1 times as long as", "0.42 of": how a relates to b, less being better. */
export function relate(a, b) {
  const ratio = a / b;
  if (ratio > 1 / (1 + LEVEL) && ratio < 1 + LEVEL) {
    return 'about the same as';
  }
  return ratio > 1 ? `${digits(ratio, 2)} times` : `${digits(ratio, 2)} of`;
}
