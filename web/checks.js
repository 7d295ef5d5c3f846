/* Checks of a file before it is sent; the pipeline checks its content. */

import { bytes, limit } from "./words.js";

/** Content types by suffix: browsers have none for some, and other names for others. */
export const TYPES = {
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  png: "image/png",
  gif: "image/gif",
  webp: "image/webp",
  avif: "image/avif",
  heic: "image/heic",
  heif: "image/heif",
  tif: "image/tiff",
  tiff: "image/tiff",
  bmp: "image/bmp",
  svg: "image/svg+xml",
};

/** Content types and suffixes that the file chooser offers. */
export const ACCEPT = [...new Set(Object.values(TYPES)), ...Object.keys(TYPES).map((s) => `.${s}`)].join();

/** A file's content type, or null if it is no picture that the pipeline reads. */
export function typeOf({ name, type }) {
  const suffix = name.split(".").at(-1).toLowerCase();
  return TYPES[suffix] ?? (Object.values(TYPES).includes(type) ? type : null);
}

/** Why a file is not worth sending, in a sentence; null if it is. */
export function problem(file, maxBytes) {
  if (!typeOf(file)) return "This file's name does not end in a picture format that can be uploaded here.";
  if (file.size === 0) return "This file is empty.";
  if (file.size > maxBytes) return `This file has ${bytes(file.size)}; the limit is ${limit(maxBytes)}.`;
  return null;
}
