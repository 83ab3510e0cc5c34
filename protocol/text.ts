// docs/sdk.md#border: cleans texts of other parties before people see them or they are written down.

// C0 and C1 but tab and line feed; the marks, embeddings and isolates that turn the direction of text round; the
// separators that are line ends to some programs.
const CONTROLS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Replaces what could steer a terminal, or make a text look like another one. */
export function withoutControls(text: string): string {
  return text.replace(CONTROLS, '\ufffd');
}

/** Also puts the text on one line: so a name cannot pretend to be a line of ours. */
export function oneLine(text: string): string {
  return withoutControls(text).replace(/[\t\n]+/g, ' ');
}

/** The first characters of a text that is longer than `length`, and how long it is; a shorter text as it is. */
export function bounded(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}… (${text.length} characters)`;
}

/** Bytes of a text as UTF-8, in which a lone surrogate is U+FFFD. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      bytes += 4;
      i += 1;
    } else bytes += 3;
  }
  return bytes;
}
