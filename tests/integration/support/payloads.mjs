/*
 * The sizes that every client echoes, and contents in which a lost, doubled or shifted byte shows.
 */

export const MIB = 1024 * 1024;
export const SIZES = [0, 1, 125, 126, 65535, 65536, MIB, 16 * MIB];

export function binaryPayload(size) {
  const out = Buffer.allocUnsafe(size);
  let state = 0x2545f491 ^ size;
  for (let i = 0; i < size; i += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    out[i] = state >>> 24;
  }
  return out;
}

/* Exactly |size| bytes of UTF-8 with characters of one to four bytes. */
export function textPayload(size) {
  const unit = Buffer.from('trisock · ≤125 · 𝄞 ');
  const out = Buffer.alloc(size, 'x');
  for (let at = 0; at + unit.length <= size; at += unit.length) {
    unit.copy(out, at);
  }
  return out.toString();
}
