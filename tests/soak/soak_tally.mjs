/*
 * What the clients of a soak did and saw, and what the server's counters must say of it. Each
 * counter has a least and a most: they are equal but for what a client could not know, such as
 * whether the message that it sent before it vanished arrived.
 */
export const HTTPS = ['http/1.1', 'h2', 'h3'];

export function metricKey(name, labels = {}) {
  const inside = Object.keys(labels)
    .sort()
    .map((label) => `${label}="${labels[label]}"`);
  return `trisock_${name}{${inside.join(',')}}`;
}

const FAULTS_KEPT = 50;
const CODES_LAST = 1015; /* later ones are counted together */

export class Tally {
  constructor() {
    this.bounds = new Map();
    this.rows = new Map(); /* "http kind": what clients of that kind did */
    this.faults = [];
    this.faultsCount = 0;
  }

  /* The server's counter |name| has grown by |least| to |most|. */
  expect(name, labels, least = 1, most = least) {
    this.#add(metricKey(name, labels), least, most);
  }

  #add(key, least, most) {
    const bound = this.bounds.get(key) ?? { least: 0, most: 0 };
    bound.least += least;
    bound.most += most;
    this.bounds.set(key, bound);
  }

  row(http, kind) {
    const key = `${http} ${kind}`;
    if (!this.rows.has(key)) {
      this.rows.set(key, { http, kind, clients: 0, sockets: 0, messages: 0, bytes: 0, faults: 0 });
    }
    return this.rows.get(key);
  }

  fault(http, kind, message) {
    this.row(http, kind).faults += 1;
    this.faultsCount += 1;
    if (this.faults.length < FAULTS_KEPT) {
      this.faults.push(`${http} ${kind}: ${message}`);
    }
  }

  /* All there is, as JSON can have it; and what another process's tally has told of its own. */
  tell() {
    const { faults, faultsCount } = this;
    return { bounds: [...this.bounds], rows: [...this.rows.values()], faults, faultsCount };
  }

  add({ bounds, rows, faults, faultsCount }) {
    for (const [key, { least, most }] of bounds) {
      this.#add(key, least, most);
    }
    for (const { http, kind, ...counts } of rows) {
      const row = this.row(http, kind);
      for (const [name, count] of Object.entries(counts)) {
        row[name] += count;
      }
    }
    this.faultsCount += faultsCount;
    this.faults.push(...faults.slice(0, FAULTS_KEPT - this.faults.length));
  }

  snapshot() {
    return new Map([...this.bounds].map(([key, bound]) => [key, { ...bound }]));
  }
}

/* The view of one client: its HTTP and kind are always the same. */
export class Account {
  constructor(tally, http, kind) {
    this.tally = tally;
    this.http = http;
    this.row = tally.row(http, kind);
    this.row.clients += 1;
  }

  expect(name, least = 1, most = least, labels = {}) {
    this.tally.expect(name, { http: this.http, ...labels }, least, most);
  }

  connection(least = 1, most = least) {
    this.expect('connections_opened_total', least, most);
  }

  request(least = 1, most = least) {
    this.expect('requests_total', least, most);
  }

  refused(reason, least = 1, most = least) {
    this.expect('requests_refused_total', least, most, { reason });
  }

  flood(kind, least = 1, most = least) {
    this.expect('floods_stopped_total', least, most, { kind });
  }

  opened(least = 1, most = least) {
    this.row.sockets += most;
    this.request(least, most);
    this.expect('sockets_opened_total', least, most);
  }

  closed(code, least = 1, most = least) {
    const label = code <= CODES_LAST ? code : 'other';
    this.expect('sockets_closed_total', least, most, { code: label });
  }

  /* A message to an echo, whose answer has not come yet; so we do not know whether it arrived. */
  sent(bytes) {
    this.row.messages += 1;
    this.row.bytes += bytes;
    this.received(0, 1, 0, bytes);
    this.answered(0, 1, 0, bytes);
  }

  /* The answer came. */
  echoed(bytes) {
    this.received(1, 0, bytes, 0);
    this.answered(1, 0, bytes, 0);
  }

  received(least, most, bytesLeast, bytesMost) {
    this.expect('messages_received_total', least, most);
    this.expect('message_bytes_received_total', bytesLeast, bytesMost);
  }

  answered(least, most, bytesLeast, bytesMost) {
    this.expect('messages_sent_total', least, most);
    this.expect('message_bytes_sent_total', bytesLeast, bytesMost);
  }
}
