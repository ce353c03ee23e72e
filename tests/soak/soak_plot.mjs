/* A line over time: as text for a terminal, and as SVG. */

const TEXT_ROWS = 12;
const TEXT_COLUMNS = 68; /* and 10 for the scale */

const format = (value) => (value >= 100 ? value.toFixed(0) : value.toFixed(1));

function scale(values) {
  const least = Math.min(...values);
  const most = Math.max(...values);
  return { least, span: most - least || 1 };
}

/* The greatest of each portion of time: [number or undefined] */
function portions(points, columns) {
  const last = points.at(-1).x || 1;
  const out = Array(columns).fill(undefined);
  for (const { x, y } of points) {
    const column = Math.min(columns - 1, Math.floor((x / last) * columns));
    out[column] = Math.max(out[column] ?? -Infinity, y);
  }
  return out;
}

/* |points| are { x: seconds, y }; |marks| the same, drawn as "o": the idle points. */
export function plotText(title, points, marks = []) {
  const { least, span } = scale([...points, ...marks].map(({ y }) => y));
  const last = points.at(-1).x || 1;
  const rowOf = (y) => Math.round(((y - least) / span) * (TEXT_ROWS - 1));
  const grid = Array.from({ length: TEXT_ROWS }, () => Array(TEXT_COLUMNS).fill(' '));
  portions(points, TEXT_COLUMNS).forEach((y, column) => {
    if (y !== undefined) {
      grid[rowOf(y)][column] = '*';
    }
  });
  for (const { x, y } of marks) {
    grid[rowOf(y)][Math.min(TEXT_COLUMNS - 1, Math.floor((x / last) * TEXT_COLUMNS))] = 'o';
  }
  const lines = grid.map((row, index) => {
    const y = least + (span * index) / (TEXT_ROWS - 1);
    return `${format(y).padStart(8)} |${row.join('').trimEnd()}`;
  });
  const axis = `${' '.repeat(9)}+${'-'.repeat(TEXT_COLUMNS)}`;
  const right = `${format(last)} s`;
  return [
    title,
    ...lines.reverse(),
    axis,
    `${' '.repeat(10)}0${right.padStart(TEXT_COLUMNS - 1)}`,
  ].join('\n');
}

const WIDTH = 900;
const HEIGHT = 240;
const MARGIN = 60;

function plotGroup({ title, points, marks }, top) {
  const { least, span } = scale([...points, ...marks].map(({ y }) => y));
  const last = points.at(-1).x || 1;
  const x = (value) => (MARGIN + (value / last) * (WIDTH - 2 * MARGIN)).toFixed(1);
  const y = (value) => (top + HEIGHT - 30 - ((value - least) / span) * (HEIGHT - 70)).toFixed(1);
  const line = points.map((point) => `${x(point.x)},${y(point.y)}`).join(' ');
  const text = (at, height, anchor, words) =>
    `<text x="${at}" y="${height}" text-anchor="${anchor}">${words}</text>`;
  return [
    `<text x="${MARGIN}" y="${top + 20}" font-weight="bold">${title}</text>`,
    text(MARGIN - 6, y(least), 'end', format(least)),
    text(MARGIN - 6, y(least + span), 'end', format(least + span)),
    text(WIDTH - MARGIN, top + HEIGHT - 8, 'end', `${format(last)} s`),
    `<polyline fill="none" stroke="#2463a6" stroke-width="1.2" points="${line}"/>`,
    ...marks.map((mark) => `<circle cx="${x(mark.x)}" cy="${y(mark.y)}" r="3.5" fill="#c23b22"/>`),
  ].join('\n');
}

/* |plots| are { title, points, marks }, one below the other. */
export function plotSvg(plots) {
  const height = plots.length * HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}"`,
    ' font-family="sans-serif" font-size="12">',
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    ...plots.map((plot, index) => plotGroup(plot, index * HEIGHT)),
    '</svg>\n',
  ].join('\n');
}
