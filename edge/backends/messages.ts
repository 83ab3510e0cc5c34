// docs/rows.md#messages: what a request may say to a model. Programs and workers go by the same rules: this file is
// part of programs.

/** A text of a message. */
export type TextPart = { readonly type: 'text'; readonly text: string };

/** An image of a message, by its address or with its bytes in a `data:` address. */
export type ImagePart = {
  readonly type: 'image_url';
  /** `https:` or `data:`. */
  readonly image_url: { readonly url: string; readonly detail?: 'auto' | 'low' | 'high' };
};

/** One part of a message that has images. */
export type ContentPart = TextPart | ImagePart;

/** What a message says: a text, or texts and images in their order. */
export type Content = string | readonly ContentPart[];

/** A message of a request, with any role. */
export type RequestMessage = { readonly role: string; readonly content: Content };

export const MAX_MESSAGES = 256;
export const MAX_PARTS = 64;
/** The most images of a request. */
export const MAX_IMAGES = 16;
const MAX_URL_LENGTH = 2_048;

/** Media types, and how the base64 text of such a file begins. */
const IMAGES: Readonly<Record<string, string>> = {
  'image/png': 'iVBORw0KGgo',
  'image/jpeg': '/9j/',
  'image/webp': 'UklGR',
  'image/gif': 'R0lGOD',
};
const DATA_URL = /^data:([^;,]{0,80});base64,/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const HTTPS_URL = /^https:\/\/([a-z0-9.-]{1,253})(?:[/?#][!-~]*)?$/i;
/** Names that mean this machine or its network: strangers must not reach these through a worker. */
const LOCAL_HOST = /(?:^|\.)(?:localhost|local|localdomain|internal|intranet|lan|home|corp|arpa)$/i;
// A local name: in a program, to look `isArray` up in the global object costs as much as the call.
const { isArray } = Array;
const DETAILS = ['auto', 'low', 'high'];

/**
 * Why a list is not one of messages; undefined if it is. Without `roles` a message may have any role. Only users may
 * show images.
 */
export function findMessageProblem(messages: unknown, roles?: readonly string[]): string | undefined {
  if (!isArray(messages)) return 'no list of messages';
  const count = messages.length;
  if (count === 0 || count > MAX_MESSAGES) return `${count} messages; a request has 1 to ${MAX_MESSAGES}`;
  let images = 0;
  for (let i = 0; i < count; i++) {
    const message = messages[i] as { role?: unknown; content?: unknown } | null;
    const role = message?.role;
    if (typeof role !== 'string') return `message ${i}: it has no role`;
    if (roles !== undefined && !roles.includes(role))
      return `message ${i}: its role is ${role}, not ${roles.join(', ')}`;
    const content = message?.content;
    if (typeof content === 'string') continue;
    if (!isArray(content) || content.length === 0 || content.length > MAX_PARTS) {
      return `message ${i}: content is a text or a list of 1 to ${MAX_PARTS} parts`;
    }
    for (const part of content) {
      const problem = findPartProblem(part, role);
      if (problem !== undefined) return `message ${i}: ${problem}`;
      if ((part as ContentPart).type === 'image_url') images++;
    }
  }
  return images > MAX_IMAGES ? `${images} images; a request has at most ${MAX_IMAGES}` : undefined;
}

function findPartProblem(part: unknown, role: string): string | undefined {
  const { type, text, image_url: image, ...rest } = (part ?? {}) as Record<string, unknown>;
  const [extra] = Object.keys(rest);
  if (extra !== undefined) return `a part has a field '${extra}'`;
  if (type === 'text') {
    return typeof text === 'string' && image === undefined ? undefined : 'a part of type text has a text';
  }
  if (type !== 'image_url' || text !== undefined)
    return 'a part is { type: text, text } or { type: image_url, image_url: { url } }';
  if (role !== 'user') return `an image in a message of the ${role}; only those of the user have images`;
  const { url, detail, ...more } = (image ?? {}) as Record<string, unknown>;
  if (typeof url !== 'string' || Object.keys(more).length > 0) return 'image_url is { url, detail }';
  if (detail !== undefined && !DETAILS.includes(detail as string)) return `detail is ${DETAILS.join(', ')}`;
  return findUrlProblem(url);
}

function findUrlProblem(url: string): string | undefined {
  const data = DATA_URL.exec(url);
  if (data !== null) {
    const start = Object.hasOwn(IMAGES, data[1]!) ? IMAGES[data[1]!] : undefined;
    if (start === undefined) return `an image of type '${data[1]}'; there are ${Object.keys(IMAGES).join(', ')}`;
    const base64 = url.slice(data[0].length);
    if (base64.length % 4 !== 0 || !BASE64.test(base64)) return 'the data of an image are no base64';
    return base64.startsWith(start) ? undefined : `the data of an image are no ${data[1]}`;
  }
  const host = url.length <= MAX_URL_LENGTH ? HTTPS_URL.exec(url)?.[1] : undefined;
  const labels = host?.split('.') ?? [];
  const isPublic =
    labels.length >= 2 && labels.every(isLabel) && /^[a-z]/i.test(labels.at(-1)!) && !LOCAL_HOST.test(host!);
  if (isPublic) return undefined;
  return `the address of an image is https://NAME/… with the public name of a host, no port, and at most ${MAX_URL_LENGTH} characters, or data:image/…;base64,…`;
}

function isLabel(label: string): boolean {
  return label !== '' && !label.startsWith('-') && !label.endsWith('-');
}

export function imagesOf(content: Content): readonly ImagePart[] {
  return typeof content === 'string' ? [] : content.filter((part): part is ImagePart => part.type === 'image_url');
}

/** The texts of a content, joined by line ends. */
export function textOfContent(content: Content): string {
  if (typeof content === 'string') return content;
  return content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
}

/** The most tokens that an image of a request may cost: docs/edge.md#metering. */
export const MAX_IMAGE_TOKENS = 16_384;
/** The tokens that an image counts before an endpoint has told. */
export const IMAGE_TOKENS = 1_024;

/** The number of images of a request, and the characters of their addresses. */
export function measureImages(messages: readonly RequestMessage[]): { images: number; chars: number } {
  let images = 0;
  let chars = 0;
  for (const { content } of messages) {
    for (const { image_url: image } of imagesOf(content)) {
      images += 1;
      chars += image.url.length;
    }
  }
  return { images, chars };
}
