/*
 * Reads what MOZ_LOG=timestamp,nsWebSocket:5,nsHttp:5 wrote, for proof of what carried the sockets.
 */
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';

const H1_UPGRADED = /nsHttpTransaction::ParseLine \[HTTP\/1\.1 101 /;
const H2_PROTOCOL = /ProcessHeader :protocol websocket/;
const H2_STREAM =
  /Http2StreamWebSocket \S+ Stream ID 0x([0-9A-F]+) \[session=([0-9a-f]+)\] for (\S+)/;

/*
 * Returns { h1Upgrades, h2Protocols, h2Streams: [{ stream, session, authority }] } of all the logs
 * in |directory|: how many 101 came, how many `:protocol websocket` went, and on which h2
 * connections.
 */
export async function readMozLog(directory) {
  const found = { h1Upgrades: 0, h2Protocols: 0, h2Streams: [] };
  for (const name of fs.readdirSync(directory).filter((file) => file.endsWith('.moz_log'))) {
    const input = fs.createReadStream(path.join(directory, name), 'latin1');
    for await (const line of readline.createInterface({ input, crlfDelay: Infinity })) {
      readLine(line, found);
    }
  }
  return found;
}

function readLine(line, found) {
  if (H1_UPGRADED.test(line)) {
    found.h1Upgrades += 1;
  } else if (H2_PROTOCOL.test(line)) {
    found.h2Protocols += 1;
  } else {
    const stream = H2_STREAM.exec(line);
    if (stream) {
      found.h2Streams.push({
        stream: parseInt(stream[1], 16),
        session: stream[2],
        authority: stream[3],
      });
    }
  }
}
