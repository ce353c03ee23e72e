/* A document (compare_report.mjs) as one page that needs nothing else. */
import { escapeHtml } from './compare_format.mjs';

const STYLE = `
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 940px; padding: 24px 20px 60px; background: #f6f7f9; color: #15191f;
  font: 15px/1.55 system-ui, sans-serif; }
h1 { font-size: 26px; line-height: 1.25; }
h2 { margin-top: 44px; font-size: 20px; }
table { border-collapse: collapse; margin: 12px 0; background: #fff; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 12px; border: 1px solid #dfe3e9; text-align: left; vertical-align: top; }
th { background: #eef1f5; font-weight: 600; }
.numbers td:not(:first-child) { text-align: right; }
.wide { overflow-x: auto; }
figure { margin: 14px 0; }
svg { max-width: 100%; height: auto; border: 1px solid #dfe3e9; }
code { font: 13px/1.5 ui-monospace, monospace; background: #eaedf1; padding: 1px 4px; }
pre { overflow-x: auto; background: #fff; border: 1px solid #dfe3e9; padding: 12px; }
pre code { background: none; padding: 0; }
`;

function inline(text) {
  return escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

function table({ heads, rows }) {
  const isNumbers = rows.every((row) => row.slice(1).every((cell) => /^[\d–]/.test(String(cell))));
  const line = (cells, tag) =>
    `<tr>${cells.map((cell) => `<${tag}>${inline(cell)}</${tag}>`).join('')}</tr>`;
  return [
    `<div class="wide"><table${isNumbers ? ' class="numbers"' : ''}>`,
    `<thead>${line(heads, 'th')}</thead>`,
    `<tbody>${rows.map((row) => line(row, 'td')).join('\n')}</tbody>`,
    '</table></div>',
  ].join('\n');
}

function block(one) {
  if (one.heading) {
    const level = one.level ?? 2;
    return `<h${level}>${inline(one.heading)}</h${level}>`;
  }
  if (one.items) {
    return `<ul>${one.items.map((item) => `<li>${inline(item)}</li>`).join('\n')}</ul>`;
  }
  if (one.table) {
    return table(one.table);
  }
  if (one.plot) {
    return `<figure id="${escapeHtml(one.plot.name)}">${one.plot.svg}</figure>`;
  }
  return one.code === undefined
    ? `<p>${inline(one.text)}</p>`
    : `<pre><code>${escapeHtml(one.code)}</code></pre>`;
}

export function toHtml(blocks) {
  const [title] = blocks;
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<link rel="icon" href="data:,">' /* else a browser asks for one, and says that there is none */,
    `<title>${escapeHtml(title.heading)}</title>`,
    `<style>${STYLE}</style></head><body>`,
    ...blocks.map(block),
    '</body></html>\n',
  ].join('\n');
}
