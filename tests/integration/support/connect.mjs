/* Runs `trisock connect`. */
import { identity } from './identity.mjs';
import { EVENT_MS } from './limits.mjs';
import { run, start } from './processes.mjs';
import { assertNoSanitizerReport, BINARY, sanitizerEnvironment } from './server.mjs';

async function argumentsOf(server, { path = '/echo', args = [], trust = true }) {
  const { caFile } = await identity();
  const url = server.authority ? `wss://${server.authority}${path}` : server;
  return ['connect', url, ...(trust ? ['--ca', caFile] : []), ...args];
}

/*
 * Runs it to its end: { code, stdout, stderr }.
 *
 * server   one of startServer(), or a URL
 * path     on a server; /echo unless told
 * args     more arguments
 * input    its standard input, a string or Buffer; empty unless told
 * trust    false: without --ca
 */
export async function connect(server, { input = '', timeoutMs = EVENT_MS, ...options } = {}) {
  const args = await argumentsOf(server, options);
  const result = await run(BINARY, args, { env: sanitizerEnvironment(), input, timeoutMs });
  assertNoSanitizerReport(result.stderr);
  return result;
}

/* Starts it with a standard input that stays open; what start() returns. */
export async function startConnect(server, options = {}) {
  const args = await argumentsOf(server, options);
  return start(BINARY, args, { env: sanitizerEnvironment(), stdio: ['pipe', 'pipe', 'pipe'] });
}
