/*
 * Did memory or descriptors grow? Only idle points count, at which no client is there; the first
 * third of them is warm-up. Two looks, both robust against a single odd value: the median of the
 * last third of the rest against that of the first third, and the median of the slopes between all
 * pairs of points (Theil and Sen) times the whole time.
 */

/*
 * By how much may it grow over the judged time? The pages of an idle process vary with the last
 * wave by more than a MiB, because malloc keeps what lies between blocks in use; so those show only
 * what is large. What the server itself counts as allocated is exact, and shows the rest: all that
 * comes and goes of it is a compressor for all, some 300 KiB, and tables that halve or double.
 */
const MEMORY_TOLERANCE = 0.2;
const MEMORY_TOLERANCE_KIB = 1536;
const OWN_TOLERANCE_KIB = 512;

const LEAST_POINTS = 6;

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function trend(points) {
  const slopes = [];
  for (let i = 0; i < points.length; i += 1) {
    for (let j = i + 1; j < points.length; j += 1) {
      slopes.push((points[j].y - points[i].y) / (points[j].x - points[i].x));
    }
  }
  return median(slopes) * (points.at(-1).x - points[0].x);
}

/*
 * |idle| are { x, y } in order. Returns { judged, first, last, trend, allowed, grew }; judged is
 * how many points counted, 0 if there are too few to judge.
 */
export function judgeGrowth(idle, toleranceOf) {
  const points = idle.slice(Math.floor(idle.length / 3));
  if (points.length < LEAST_POINTS) {
    return { judged: 0, grew: false };
  }
  const part = Math.ceil(points.length / 3);
  const first = median(points.slice(0, part).map(({ y }) => y));
  const last = median(points.slice(-part).map(({ y }) => y));
  const allowed = toleranceOf(first);
  const by = trend(points);
  return {
    judged: points.length,
    first,
    last,
    trend: by,
    allowed,
    grew: last - first > allowed || by > allowed,
  };
}

export const memoryTolerance = (kib) => kib * MEMORY_TOLERANCE + MEMORY_TOLERANCE_KIB;
export const ownTolerance = () => OWN_TOLERANCE_KIB;
export const descriptorsTolerance = () => 0;
