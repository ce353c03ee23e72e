/* A generator with a seed, so that what a soak chose can be chosen again. (mulberry32) */
export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /* 0 or more, and less than 1 */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  }

  /* 0 to |limit| - 1 */
  below(limit) {
    return Math.floor(this.next() * limit);
  }

  between(least, most) {
    return least + this.below(most - least + 1);
  }

  chance(probability) {
    return this.next() < probability;
  }

  of(list) {
    return list[this.below(list.length)];
  }

  /* One of |list|, each as often as its weight says. */
  weighted(list) {
    let left = this.below(list.reduce((sum, { weight }) => sum + weight, 0));
    return list.find(({ weight }) => (left -= weight) < 0);
  }

  /* Bytes of a message: mostly few, sometimes very many. */
  size(most = 1024 * 1024) {
    const limit = this.of([125, 125, 125, 2000, 2000, 65_535, 65_535, most]);
    return Math.min(most, this.below(limit + 1));
  }
}

/* A seed for a part of the whole: |numbers| name the part. */
export function seedOf(...numbers) {
  return numbers.reduce((seed, number) => Math.imul(seed ^ number, 0x9e3779b1) >>> 0, 0x811c9dc5);
}
