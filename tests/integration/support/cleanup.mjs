/*
 * Clean-up of a test in the reverse order of set-up: a browser ends before its server, the server
 * before its directory. (t.after() alone runs in order of registration, and stops at an error.)
 */
const stacks = new WeakMap();

export function atEnd(t, step) {
  let stack = stacks.get(t);
  if (stack === undefined) {
    stack = [];
    stacks.set(t, stack);
    t.after(() => unwind(stack));
  }
  stack.push(step);
}

async function unwind(stack) {
  const errors = [];
  while (stack.length > 0) {
    try {
      await stack.pop()();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) {
    throw errors.length === 1
      ? errors[0]
      : new AggregateError(errors, errors.map(String).join('\n'));
  }
}
