// docs/sdk.md#node: `engines` of package.json says which versions of Node.js are supported. No dependencies: nothing is
// installed yet.

/** Whether a version like `22.12.0` is in a range like `^20.19.0 || >=22.12.0`. */
export function isInRange(version, range) {
  const [major, minor] = version.split('.').map(Number);
  return partsOf(range).some(
    (part) => (major === part.major && minor >= part.minor) || (part.isOpen && major > part.major),
  );
}

/** The range in words: `20.19 or a later 20, or 22.12 or later`. */
export function rangeInWords(range) {
  return partsOf(range)
    .map(({ isOpen, major, minor }) => `${major}.${minor} or ${isOpen ? 'later' : `a later ${major}`}`)
    .join(', or ');
}

function partsOf(range) {
  return range.split(' || ').map((part) => {
    const [, sign, major, minor] = /^(\^|>=)(\d+)\.(\d+)\.0$/.exec(part) ?? [];
    if (sign === undefined) throw new Error(`engines: expected ^X.Y.0 or >=X.Y.0, not ${part}`);
    return { isOpen: sign === '>=', major: Number(major), minor: Number(minor) };
  });
}
