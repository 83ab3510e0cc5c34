// docs/models.md: names of provable models. This file is part of programs.

const PREFIX = 'datavm/';
/** Folders are named by it. */
export const SHORT_NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** Whether a model of this name is a program of the workflow: it is asked without a gateway. */
export function isProvable(model: string): boolean {
  return model.startsWith(PREFIX);
}

/** The name without `datavm/`; undefined if it is not the name of a provable model. */
export function shortNameOf(model: string): string | undefined {
  const name = model.slice(PREFIX.length);
  return isProvable(model) && SHORT_NAME.test(name) ? name : undefined;
}

export function provableName(short: string): string {
  return PREFIX + short;
}
