/* Numbers as a person reads them. */

/* Three digits that count: 1.23, 12.3, 123, 1230 */
export function digits(value, count = 3) {
  if (value === 0) {
    return '0';
  }
  const places = Math.max(0, count - 1 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(places, 6));
}

function scaled(value, steps) {
  const [factor, unit] = steps.find(([least]) => Math.abs(value) >= least) ?? steps.at(-1);
  return `${digits(value / factor)}${unit}`;
}

const NONE = '–';
const known = (format) => (value) => (value === undefined ? NONE : format(value));

export const formatTime = known((ns) =>
  scaled(ns, [
    [1e9, ' s'],
    [1e6, ' ms'],
    [1e3, ' µs'],
    [1, ' ns'],
  ]),
);
export const formatCount = known((count) =>
  scaled(count, [
    [1e6, ' M'],
    [1e3, ' k'],
    [1, ''],
  ]),
);
export const formatBytes = known((bytes) =>
  scaled(bytes, [
    [2 ** 30, ' GiB'],
    [2 ** 20, ' MiB'],
    [2 ** 10, ' KiB'],
    [1, ' B'],
  ]),
);
export const formatNumber = known((value) => digits(value));

export function escapeHtml(text) {
  return String(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
