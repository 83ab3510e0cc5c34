// docs/operations.md#config: the fields of an object that are given.

/** Fields that may be undefined are optional ones here, which are then absent. */
export type GivenFields<T> = { [Key in keyof T as undefined extends T[Key] ? never : Key]: T[Key] } & {
  [Key in keyof T as undefined extends T[Key] ? Key : never]?: Exclude<T[Key], undefined>;
};

/** A copy without the fields that are undefined. */
export function withoutUndefined<T extends object>(value: T): GivenFields<T> {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as GivenFields<T>;
}
