// What infra/scripts/graphql-clients tells the tests by the environment.

/** One setting; says what to do where it is missing. */
export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") {
    throw new Error(`${name} is not set: run infra/scripts/graphql-clients, which starts the stack and sets it`);
  }
  return value;
}
