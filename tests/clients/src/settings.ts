// Settings of the tests: environment variables that infra/scripts/graphql-clients sets.

/** Returns a setting, or throws an error with the remedy if it is missing. */
export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") {
    throw new Error(`${name} is not set; run infra/scripts/graphql-clients, which starts the stack and sets it`);
  }
  return value;
}
