/*
 * Upper limits of time. They end a hang, they never pace a test: what a test waits for is an event.
 * Sanitizer builds are several times slower than release ones, and a machine of two cores runs the
 * server, the client and often a browser at once, hence the generous values.
 */
export const START_MS = 30_000;
export const STOP_MS = 30_000;
export const EVENT_MS = 30_000;
export const BIG_MESSAGE_MS = 120_000;
export const BROWSER_MS = 120_000;
export const TEST_MS = 240_000;
export const LONG_TEST_MS = 900_000;

/* The promise, or an error that says what was waited for, after |ms|. */
export async function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
