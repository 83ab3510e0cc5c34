// docs/edge.md#schemas: why a schema is not used, whatever the content.

export class SchemaRefusal extends Error {
  readonly expected: string;
  readonly actual: string;
  /** JSON pointer of the place in the schema. */
  at: string | undefined;

  constructor(message: string, expected: string, actual: string, at?: string) {
    super(message);
    this.expected = expected;
    this.actual = actual;
    this.at = at;
  }

  /** One line: place, what is wrong, what was expected and what came. */
  describe(): string {
    const place = `schema at ${this.at === undefined || this.at === '' ? 'its root' : this.at}`;
    return `${place}: ${this.message}: expected ${this.expected}, got ${this.actual}`.slice(0, 500);
  }
}
