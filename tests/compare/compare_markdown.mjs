/* A document (compare_report.mjs) as Markdown, with its plots as files beside it. */

const escapeCell = (text) => String(text).replaceAll('|', '\\|');

function table({ heads, rows }) {
  const line = (cells) => `| ${cells.map(escapeCell).join(' | ')} |`;
  const isNumber = (index) => rows.every((row) => /^[-–\d]/.test(row[index]));
  const rule = `| ${heads.map((_, index) => (index > 0 && isNumber(index) ? '--:' : '---')).join(' | ')} |`;
  return [line(heads), rule, ...rows.map(line)].join('\n');
}

function block(one, directory) {
  if (one.heading) {
    return `${'#'.repeat(one.level ?? 2)} ${one.heading}`;
  }
  if (one.items) {
    return one.items.map((item) => `- ${item}`).join('\n');
  }
  if (one.table) {
    return table(one.table);
  }
  if (one.plot) {
    return `![${one.plot.alt}](${directory}/${one.plot.name}.svg)`;
  }
  return one.code === undefined ? one.text : `\`\`\`sh\n${one.code}\n\`\`\``;
}

/* |directory| is that of the plots, as seen from the file. */
export function toMarkdown(blocks, directory) {
  return `${blocks.map((one) => block(one, directory)).join('\n\n')}\n`;
}
