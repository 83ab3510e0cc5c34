// docs/sdk.md#changed: what of a row or a field is shown in an error.
const SHOWN = 200;

export function shown(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}… (${text.length} characters)`;
}
