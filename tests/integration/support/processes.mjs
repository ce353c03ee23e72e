/*
 * Child processes and temporary directories that never outlive a test file, whatever way it ends.
 * Only processes started here are ended, by their id.
 */
import { spawn, execFile } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { atEnd } from './cleanup.mjs';
import { within } from './limits.mjs';

const children = new Set();
const directories = new Set();

process.on('exit', () => {
  for (const child of children) {
    killGroup(child);
  }
  for (const directory of directories) {
    fs.rmSync(directory, { recursive: true, force: true });
  }
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => process.exit(1));
}

function killGroup(child) {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    /* the group has ended */
  }
}

/* A directory that goes when test |t| ends; without |t|, when the process ends. */
export function temporaryDirectory(t) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'trisock-it-'));
  directories.add(directory);
  if (t) {
    atEnd(t, () => removeDirectory(directory));
  }
  return directory;
}

export function removeDirectory(directory) {
  fs.rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  directories.delete(directory);
}

/*
 * Starts |command| in a process group of its own and collects what it prints.
 *
 * Returns { child, stdout(), stderr(), exited }; exited resolves to { code, signal, stdout, stderr
 * } and never rejects, but for a command that cannot be started.
 */
export function start(command, args, options = {}) {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
    detached: true,
  });
  const out = [];
  const err = [];
  child.stdout?.on('data', (data) => out.push(data));
  child.stderr?.on('data', (data) => err.push(data));
  const stdout = () => Buffer.concat(out).toString();
  const stderr = () => Buffer.concat(err).toString();
  children.add(child);
  const exited = once(child, 'close').then(([code, signal]) => {
    children.delete(child);
    return { code, signal, stdout: stdout(), stderr: stderr() };
  });
  exited.catch(() => children.delete(child));
  return { child, stdout, stderr, exited };
}

/* Ends a process that start() gave, with its helpers, at once. */
export async function kill(started) {
  killGroup(started.child);
  await started.exited.catch(() => {});
}

/* Runs a command to its end; its exit code is a result, not an error. |input| goes to its stdin. */
export async function run(command, args, { timeoutMs = 60_000, input = '', ...options } = {}) {
  const started = start(command, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  started.child.stdin.on('error', () => {});
  started.child.stdin.end(input);
  try {
    return await within(timeoutMs, `the end of ${command} ${args.join(' ')}`, started.exited);
  } finally {
    await kill(started);
  }
}

/* Runs a command that must succeed; returns its stdout. */
export function tool(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    execFile(command, args, { timeout: 60_000, ...options }, (error, stdout, stderr) => {
      if (error) {
        reject(new Error(`${command} ${args.join(' ')}: ${error.message}\n${stderr}`));
      } else {
        resolve(stdout);
      }
    });
  });
}

export async function hasTool(command) {
  const { code } = await run('/bin/sh', ['-c', `command -v ${command}`]);
  return code === 0;
}
