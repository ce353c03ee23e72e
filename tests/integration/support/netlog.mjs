/*
 * Reads Chromium's net log, and proves from it which HTTP version carried which request.
 *
 * The log is JSON, one event a line behind one line of constants; with megabytes of traffic it is
 * long, so it is read by lines and only the events named below are kept.
 */
import fs from 'node:fs';
import readline from 'node:readline';

const KEPT = new Set([
  'URL_REQUEST_START_JOB',
  'HTTP_STREAM_REQUEST_BOUND_TO_JOB',
  'HTTP_STREAM_REQUEST_BOUND_TO_QUIC_SESSION',
  'HTTP_TRANSACTION_SEND_REQUEST_HEADERS',
  'HTTP_TRANSACTION_HTTP2_SEND_REQUEST_HEADERS',
  'HTTP_TRANSACTION_QUIC_SEND_REQUEST_HEADERS',
  'HTTP_TRANSACTION_READ_RESPONSE_HEADERS',
  'HTTP2_SESSION_POOL_FOUND_EXISTING_SESSION',
  'QUIC_SESSION_POOL_USE_EXISTING_SESSION',
  'HTTP2_SESSION_SEND_HEADERS',
  'HTTP3_HEADERS_SENT',
  'WEBSOCKET_CLOSE_TIMEOUT',
  'WEBSOCKET_INVALID_FRAME',
]);

export async function readNetLog(file) {
  const lines = readline.createInterface({ input: fs.createReadStream(file), crlfDelay: Infinity });
  let names;
  const events = [];
  for await (const line of lines) {
    if (line.startsWith('{"constants":')) {
      names = eventNames(line);
    } else if (names && line.startsWith('{')) {
      const event = parseEvent(line);
      const name = event && names.get(event.type);
      if (KEPT.has(name)) {
        events.push({ name, id: event.source.id, params: event.params ?? {} });
      }
    }
  }
  return new NetLog(events);
}

function eventNames(line) {
  const { constants } = JSON.parse(`${line.replace(/,$/, '')}}`);
  for (const name of KEPT) {
    if (constants.logEventTypes[name] === undefined) {
      throw new Error(`this Chromium's net log has no ${name}: adapt support/netlog.mjs`);
    }
  }
  return new Map(Object.entries(constants.logEventTypes).map(([name, number]) => [number, name]));
}

/* An event, or undefined for the last line of the events, which holds other things as well. */
function parseEvent(line) {
  try {
    return JSON.parse(line.replace(/(,|\],?)$/, ''));
  } catch {
    return undefined;
  }
}

class NetLog {
  #byId = new Map();

  constructor(events) {
    for (const event of events) {
      const list = this.#byId.get(event.id) ?? [];
      list.push(event);
      this.#byId.set(event.id, list);
    }
    this.closeTimeouts = events.filter(({ name }) => name === 'WEBSOCKET_CLOSE_TIMEOUT').length;
    this.invalidFrames = events.filter(({ name }) => name === 'WEBSOCKET_INVALID_FRAME').length;
  }

  #find(id, name) {
    return this.#byId.get(id)?.find((event) => event.name === name);
  }

  /*
   * The requests whose URL starts with |prefix|, in order: { url, carrier, session, status }.
   * session is the net log's id of the h2 or h3 connection, where the request joined a live one.
   */
  requests(prefix) {
    const found = [];
    for (const [id, events] of this.#byId) {
      const start = events.find(
        ({ name, params }) => name === 'URL_REQUEST_START_JOB' && params.url?.startsWith(prefix),
      );
      if (start) {
        found.push(this.#describe(id, start.params.url));
      }
    }
    return found;
  }

  /* The sockets opened to |url|; throws where the log does not prove what carried one. */
  sockets(url) {
    const found = this.requests(url);
    for (const { carrier } of found) {
      if (carrier === undefined) {
        throw new Error(`the net log does not prove what carried a socket to ${url}`);
      }
    }
    return found;
  }

  #describe(id, url) {
    const session = this.#sessionOf(id);
    const status = this.#find(
      id,
      'HTTP_TRANSACTION_READ_RESPONSE_HEADERS',
    )?.params.headers[0].split(' ')[1];
    return { url, carrier: this.#carrierOf(id, url, session), session, status: Number(status) };
  }

  #sessionOf(id) {
    const direct = this.#find(id, 'HTTP_STREAM_REQUEST_BOUND_TO_QUIC_SESSION')?.params
      .source_dependency?.id;
    const job = this.#find(id, 'HTTP_STREAM_REQUEST_BOUND_TO_JOB')?.params.source_dependency.id;
    const joined =
      this.#find(job, 'HTTP2_SESSION_POOL_FOUND_EXISTING_SESSION') ??
      this.#find(job, 'QUIC_SESSION_POOL_USE_EXISTING_SESSION');
    return direct ?? joined?.params.source_dependency?.id;
  }

  #carrierOf(id, url, session) {
    const isSocket = url.startsWith('ws');
    if (this.#find(id, 'HTTP_TRANSACTION_SEND_REQUEST_HEADERS')) {
      return 'http/1.1';
    }
    const h2 = this.#find(id, 'HTTP_TRANSACTION_HTTP2_SEND_REQUEST_HEADERS');
    if (h2) {
      return !isSocket || asksForSocket(h2.params.headers, url) ? 'h2' : undefined;
    }
    if (!isSocket && this.#find(id, 'HTTP_TRANSACTION_QUIC_SEND_REQUEST_HEADERS')) {
      return 'h3';
    }
    /*
     * A socket over h3 logs its headers at the session only, which must have sent CONNECT for it.
     */
    const sent = this.#byId
      .get(session)
      ?.some(
        ({ name, params }) => name === 'HTTP3_HEADERS_SENT' && asksForSocket(params.headers, url),
      );
    return sent ? 'h3' : undefined;
  }
}

function asksForSocket(headers, url) {
  const { pathname, search } = new URL(url);
  return [':method: CONNECT', ':protocol: websocket', `:path: ${pathname}${search}`].every(
    (field) => headers.includes(field),
  );
}
