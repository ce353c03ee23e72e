const SAMPLE_MS = 20;

/* Samples the server's resident memory until stop(), which returns the most it grew, in KiB. */
export function watchMemory(server) {
  const before = server.residentKib();
  let most = before;
  const look = () => {
    most = Math.max(most, server.residentKib());
  };
  const timer = setInterval(look, SAMPLE_MS);
  return {
    before,
    /* The most so far. */
    grown() {
      look();
      return most - before;
    },
    stop() {
      clearInterval(timer);
      return this.grown();
    },
  };
}
