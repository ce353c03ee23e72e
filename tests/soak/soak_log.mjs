/* What a soak looks for in the server's log, which is too long to be held. */
import fs from 'node:fs';
import { createInterface } from 'node:readline';

const ERRORS_KEPT = 10;

/* { reloads, errors }: how often it has reloaded, and the first lines of the level "error". */
export async function readLog(file) {
  const found = { reloads: 0, errors: [] };
  for await (const line of createInterface({ input: fs.createReadStream(file) })) {
    found.reloads += line.includes(' reload.done ') ? 1 : 0;
    if (/^\S+ error /.test(line) && found.errors.length < ERRORS_KEPT) {
      found.errors.push(line);
    }
  }
  return found;
}
