/* What the sections of the document have in common. */
import { HTTPS, NAMES, figure, figures, spreads } from './compare_data.mjs';
import { digits, formatCount } from './compare_format.mjs';
import { bytesName, connectionsName } from './compare_plan.mjs';

export const perSecond = (value) => (value === undefined ? '–' : `${formatCount(value)}/s`);
export const percent = (value) => (value === undefined ? '–' : `${digits(value, 2)} %`);
export const names = HTTPS.map((http) => NAMES[http]);

export const ofKind = (set, kind) =>
  set.runs.filter((run) => run.scenario.kind === kind && run.result);
export const ofId = (set, id) => set.runs.find((run) => run.scenario.id === id && run.result);

export const cells = (result, key, format) =>
  HTTPS.map((http) => format(figure(result, http, key)));

export function withLabel(label, run, key) {
  return { label, values: figures(run.result, key), spreads: spreads(run.result, key) };
}

export const first = (list) => list[0];
export const last = (list) => list.at(-1);
export const ends = (list) => [...new Set([first(list), last(list)])];
export const among = (values) => [...new Set(values)];

/* ---- names of cases */

export function echoLabel({ bytes, connections }) {
  return `${bytesName(bytes)}, ${connectionsName(connections)}`;
}

export function idleLabel({ sockets, connections }) {
  return `${sockets} sockets on ${connectionsName(connections)}`;
}

export function linkLabel({ roundTripMs, loss }) {
  return `${roundTripMs} ms, ${loss} % loss`;
}

export function linkOpenLabel({ link, isFresh }) {
  return `${linkLabel(link)}, ${isFresh ? 'new' : 'open'} connection`;
}
