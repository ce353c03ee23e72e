/* Runs the scenes of one HTTP: a few actors, each playing one scene after the other. */
import { within } from '../integration/support/limits.mjs';
import { Random, seedOf } from './soak_random.mjs';
import { Account } from './soak_tally.mjs';

const SCENE_MS = 60_000;
const PAUSE_MS = 250; /* at most, between scenes: the load is one core, not all there are */

/* What a scene leaves behind goes in reverse order. Helpers of the integration tests want it. */
class Scope {
  #steps = [];

  after(step) {
    this.#steps.unshift(step);
  }

  async end() {
    for (const step of this.#steps) {
      await step();
    }
  }
}

async function play(scene, { server, tally, http, random }) {
  const t = new Scope();
  const account = new Account(tally, http, scene.kind);
  const client = { t, server, tally, http, random, account };
  try {
    await within(SCENE_MS, `${http} ${scene.kind}`, scene.run(client));
  } catch (error) {
    tally.fault(http, scene.kind, error.message.split('\n').slice(0, 3).join(' '));
  } finally {
    await t.end();
  }
}

/* One client of one scene, whatever it is. */
export function playOnce(scene, context) {
  return play(scene, context);
}

/* |count| actors until |untilMs|. |stage| is { server, tally, seed, wave, isPolite }. */
export function act(http, scenes, count, untilMs, stage) {
  const choice = scenes.filter(({ polite }) => polite || !stage.isPolite);
  const actor = async (index) => {
    const random = new Random(seedOf(stage.seed, stage.wave, index, http.length));
    while (Date.now() < untilMs) {
      await play(random.weighted(choice), { ...stage, http, random });
      await new Promise((resolve) => setTimeout(resolve, random.below(PAUSE_MS)));
    }
  };
  return Promise.all(Array.from({ length: count }, (_, index) => actor(index)));
}
