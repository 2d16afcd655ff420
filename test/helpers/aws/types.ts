/** What the parts of AWS's double share. */

/** A call: `params` as the query protocol flattens them, or as JSON has them. */
export interface Call {
  readonly region: string;
  readonly name: string;
  readonly params: ReadonlyMap<string, string>;
}

export class AwsError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

/** XML of values that tests chose; lists are joined. */
export const xml = (
  parts: TemplateStringsArray,
  ...values: readonly (string | number | boolean | string[])[]
): string =>
  parts.reduce((all, part, at) => {
    const value = values[at - 1] ?? "";
    return `${all}${Array.isArray(value) ? value.join("") : String(value)}${part}`;
  });
