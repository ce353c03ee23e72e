/* Plots as SVG that needs nothing from outside: a git host shows them, and a page holds them inline. */
import { HTTPS, NAMES } from './compare_data.mjs';
import { escapeHtml } from './compare_format.mjs';

export const COLOURS = { h1: '#c2500a', h2: '#0b62c4', h3: '#0a7d5a' };
/* For who does not see colours: each line has dashes of its own. */
const DASHES = { h1: '7 3', h2: '2 2', h3: 'none' };

const WIDTH = 900;
const INK = '#15191f';
const SOFT = '#5a6472';
const GRID = '#e1e5ea';

const round = (value) => Number(value.toFixed(1));

function text(x, y, words, { anchor = 'start', size = 12, fill = INK, bold = false } = {}) {
  const weight = bold ? ' font-weight="bold"' : '';
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" font-size="${size}" fill="${fill}"${weight}>${escapeHtml(words)}</text>`;
}

function line(x1, y1, x2, y2, colour = GRID) {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${colour}"/>`;
}

function legend(x, y) {
  return HTTPS.map((http, index) => {
    const left = x + index * 95;
    const stroke = `stroke="${COLOURS[http]}" stroke-width="4"`;
    return `<path d="M${left} ${y - 4}h20" ${stroke}/>${text(left + 26, y, NAMES[http])}`;
  }).join('');
}

function frame(height, title, parts) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escapeHtml(title)}" font-family="system-ui, sans-serif">`,
    `<title>${escapeHtml(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(20, 26, title, { size: 15, bold: true }),
    legend(WIDTH - 300, 26),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

/* ---- bars */

const BAR = 16;
const BARS_LEFT = 230;
const BARS_RIGHT = WIDTH - 130;
const GROUP = HTTPS.length * (BAR + 3) + 16;

function bar({ http, value, spread, y, scale, format }) {
  if (value === undefined) {
    return text(BARS_LEFT + 6, y + BAR - 4, 'not measured', { fill: SOFT });
  }
  const end = BARS_LEFT + value * scale;
  const parts = [
    `<rect x="${BARS_LEFT}" y="${y}" width="${round(Math.max(1, end - BARS_LEFT))}" height="${BAR}" fill="${COLOURS[http]}"/>`,
  ];
  let right = end;
  if (spread) {
    const [from, to] = [spread.least, spread.most].map((v) => BARS_LEFT + v * scale);
    parts.push(line(from, y + BAR / 2, to, y + BAR / 2, INK));
    parts.push(...[from, to].map((x) => line(x, y + 4, x, y + BAR - 4, INK)));
    right = Math.max(right, to);
  }
  parts.push(text(right + 6, y + BAR - 4, format(value)));
  return parts.join('');
}

/*
 * Bars side by side: |groups| are [{ label, values: { h1, h2, h3 }, spreads }]. A thin line over a bar
 * is from the least round to the greatest.
 */
export function plotBars({ title, groups, format }) {
  const all = groups.flatMap(({ values, spreads = {} }) =>
    HTTPS.map((http) => Math.max(values[http] ?? 0, spreads[http]?.most ?? 0)),
  );
  const scale = (BARS_RIGHT - BARS_LEFT) / (Math.max(...all) || 1);
  const parts = groups.flatMap(({ label, values, spreads = {} }, index) => {
    const top = 50 + index * GROUP;
    return [
      text(BARS_LEFT - 12, top + GROUP / 2 - 4, label, { anchor: 'end' }),
      ...HTTPS.map((http, at) =>
        bar({
          http,
          value: values[http],
          spread: spreads[http],
          y: top + at * (BAR + 3),
          scale,
          format,
        }),
      ),
    ];
  });
  const height = 50 + groups.length * GROUP;
  return frame(height, title, [line(BARS_LEFT, 44, BARS_LEFT, height - 12, SOFT), ...parts]);
}

/* ---- tails */

/* From a quarter to the greatest but one in ten thousand, by how many are slower. */
const SHARES = Array.from({ length: 61 }, (_, i) => 1 - 10 ** (-i / 15)).filter((q) => q >= 0.25);
const TICKS = [
  [0.5, 'p50'],
  [0.9, 'p90'],
  [0.99, 'p99'],
  [0.999, 'p99.9'],
  [0.9999, 'p99.99'],
];
const FACET_TOP = 70;
const FACET_HEIGHT = 250;
const FACETS_LEFT = 64;
const FACET_GAP = 22;

const depth = (share) => -Math.log10(1 - share);

const FACTORS = [
  [1, 2, 5],
  [1, 1.5, 2, 3, 5, 7],
  [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9],
];
const TICKS_LEAST = 4;

/* Round numbers between the two, as many as are needed to read a curve. */
function logTicks(least, most) {
  const between = (factors) => {
    const ticks = [];
    for (let power = Math.floor(Math.log10(least)); 10 ** power <= most; power += 1) {
      ticks.push(...factors.map((factor) => factor * 10 ** power));
    }
    return ticks.filter((tick) => tick >= least && tick <= most);
  };
  return (
    FACTORS.map(between).find((ticks) => ticks.length >= TICKS_LEAST) ?? between(FACTORS.at(-1))
  );
}

function curve(http, points, x, y) {
  const path = points.map(([share, value]) => `${round(x(share))},${round(y(value))}`).join(' ');
  return `<polyline fill="none" stroke="${COLOURS[http]}" stroke-width="2.2" stroke-dasharray="${DASHES[http]}" points="${path}"/>`;
}

function facet({ label, curves }, left, width, { y, ticks, format, isFirst, depthMost }) {
  const x = (share) => left + ((depth(share) - depth(0.25)) / (depthMost - depth(0.25))) * width;
  const bottom = FACET_TOP + FACET_HEIGHT;
  return [
    text(left + width / 2, FACET_TOP - 12, label, { anchor: 'middle', bold: true }),
    ...ticks.map((tick) => line(left, y(tick), left + width, y(tick))),
    ...(isFirst
      ? ticks.map((tick) =>
          text(left - 6, y(tick) + 4, format(tick).replace(/\.0+ /, ' '), {
            anchor: 'end',
            size: 11,
            fill: SOFT,
          }),
        )
      : []),
    ...TICKS.filter(([share]) => depth(share) <= depthMost + 1e-9).flatMap(([share, name]) => [
      line(x(share), FACET_TOP, x(share), bottom),
      text(x(share), bottom + 16, name, { anchor: 'middle', size: 11, fill: SOFT }),
    ]),
    ...HTTPS.filter((http) => curves[http]).map((http) => curve(http, curves[http], x, y)),
  ];
}

/*
 * Latency by the share of messages that are faster, one field a |facet|: { label, quantiles: { h1,
 * h2, h3 } }, each a function from a share to a latency in ns, and |total|, the messages of the least
 * of them: a share of less than ten messages is not drawn. Both axes are logarithmic.
 */
export function plotTails({ title, facets, format }) {
  const total = Math.min(...facets.map((one) => one.total));
  const shares = SHARES.filter((share) => (1 - share) * total >= 10 || share <= 0.9);
  const drawn = facets.map(({ label, quantiles }) => ({
    label,
    curves: Object.fromEntries(
      Object.entries(quantiles).map(([http, of]) => [http, shares.map((q) => [q, of(q)])]),
    ),
  }));
  const values = drawn.flatMap(({ curves }) =>
    Object.values(curves)
      .flat()
      .map(([, v]) => v),
  );
  const least = Math.min(...values) * 0.9;
  const most = Math.max(...values) * 1.1;
  const y = (value) =>
    FACET_TOP + FACET_HEIGHT * (1 - Math.log(value / least) / Math.log(most / least));
  const width = (WIDTH - FACETS_LEFT - 20 - FACET_GAP * (facets.length - 1)) / facets.length;
  const ticks = logTicks(least, most);
  const depthMost = depth(shares.at(-1));
  const parts = drawn.flatMap((one, index) =>
    facet(one, FACETS_LEFT + index * (width + FACET_GAP), width, {
      y,
      ticks,
      format,
      isFirst: index === 0,
      depthMost,
    }),
  );
  return frame(FACET_TOP + FACET_HEIGHT + 36, title, parts);
}
