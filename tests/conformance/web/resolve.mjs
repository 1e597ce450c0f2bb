// Where the tests of the client for Node.js say its name, they get the client for browsers.

export function resolve(specifier, context, next) {
  if (specifier === '@gomomento/sdk') {
    return next('./sdk.mjs', { ...context, parentURL: import.meta.url });
  }
  return next(specifier, context);
}
