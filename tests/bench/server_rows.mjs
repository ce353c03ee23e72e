/*
 * What `./dev bench server` measures. |must| is what a message (ns) or an idle socket (bytes) may cost
 * our server on the machine where |peer| was what libwebsockets cost; elsewhere it is scaled by what
 * libwebsockets costs there. Without a |peer| the scale is that of the first row of |like| that has one.
 */
const echo = (http, connections, bytes, inFlight = 1) => [
  ...['--http', http, '--sockets', String(100 * connections), '--connections', String(connections)],
  ...['--size', bytes, '--in-flight', String(inFlight)],
];
const US = 1000;
const message = { figure: 'server_cpu_per_message', isTime: true };
const opened = { figure: 'server_cpu_per_socket', isTime: true };
const resting = { figure: 'server_memory_per_socket', isTime: false };
const like = ['h2-32', 'h1-32'];

export const ROWS = [
  { id: 'h1-32', ...message, args: echo('1.1', 1, '32'), must: 7.2 * US, peer: 8.8 * US },
  { id: 'h1-32-16', ...message, args: echo('1.1', 1, '32', 16), must: 0.46 * US, peer: 8.4 * US },
  { id: 'h1-1k-16', ...message, args: echo('1.1', 1, '1k', 16), must: 1.1 * US, peer: 10.9 * US },
  { id: 'h1-16k', ...message, args: echo('1.1', 1, '16k'), must: 16 * US, peer: 48 * US },
  { id: 'h2-32', ...message, args: echo('2', 1, '32'), must: 0.8 * US, peer: 10.9 * US },
  { id: 'h2-32-10', ...message, args: echo('2', 10, '32'), must: 0.55 * US, peer: 10.1 * US },
  { id: 'h2-1k', ...message, args: echo('2', 1, '1k'), must: 1.5 * US, like },
  { id: 'h2-16k', ...message, args: echo('2', 1, '16k'), must: 14 * US, like },
  { id: 'h3-32', ...message, args: echo('3', 1, '32'), must: 1.2 * US, like },
  { id: 'h3-32-10', ...message, args: echo('3', 10, '32'), must: 1.2 * US, like },
  { id: 'h3-1k', ...message, args: echo('3', 1, '1k'), must: 3.2 * US, like },
  { id: 'h3-16k', ...message, args: echo('3', 1, '16k'), must: 27 * US, like },
  {
    id: 'h1-open',
    ...opened,
    args: ['--http', '1.1', '--mode', 'open', '--sockets', '10'],
    must: 220 * US,
    peer: 260 * US,
  },
  {
    id: 'h2-open',
    ...opened,
    args: ['--http', '2', '--mode', 'open', '--sockets', '100', '--connections', '10'],
    must: 6 * US,
    peer: 44 * US,
  },
  {
    id: 'h3-open',
    ...opened,
    args: ['--http', '3', '--mode', 'open', '--sockets', '100', '--connections', '10'],
    must: 10 * US,
    like: ['h2-open', ...like],
  },
  {
    id: 'h1-idle',
    ...resting,
    args: ['--http', '1.1', '--mode', 'idle', '--sockets', '1000'],
    must: 14_000,
    peer: 21_900,
  },
  {
    id: 'h2-idle',
    ...resting,
    args: ['--http', '2', '--mode', 'idle', '--sockets', '1000', '--connections', '10'],
    must: 1_300,
    peer: 10_400,
  },
  {
    id: 'h3-idle',
    ...resting,
    args: ['--http', '3', '--mode', 'idle', '--sockets', '1000', '--connections', '10'],
    must: 3_200,
    like: ['h2-idle', 'h1-idle'],
  },
];
