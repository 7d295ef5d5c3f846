/* Figures and failures in words. */

const number = (value, digits = 0) =>
  value.toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits });

/** Bytes in decimal units, three digits at most: 3.27 MB, 84 kB. */
export function bytes(count) {
  if (count < 1000) return `${count} B`;
  const [value, unit] = count < 999_500 ? [count / 1e3, "kB"] : [count / 1e6, "MB"];
  const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${number(value, unit === "kB" ? Math.min(digits, 1) : digits)} ${unit}`;
}

/** A limit in bytes, which is a whole number of megabytes: 25 MB. */
export const limit = (count) => `${number(count / 1e6)} MB`;

/** Milliseconds as they are, or as seconds from ten thousand on. */
export function duration(ms) {
  return ms < 10_000 ? `${number(Math.round(ms))} ms` : `${number(ms / 1000, 1)} s`;
}

export const pixels = (width, height) => `${width} × ${height}`;

/** A format as people write it, from its name or content type: `image/webp` is WebP. */
export function formatName(type) {
  const name = type.replace("image/", "");
  return name === "webp" ? "WebP" : name.toUpperCase();
}

/** How much smaller, as a whole percentage that never rounds up to all of it. */
export function saving(before, after) {
  return Math.min(99, Math.round((1 - after / before) * 100));
}

export const count = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

/** Why an upload was rejected, in the pipeline's own sentence. */
export function reason(error) {
  return error?.message || "The pipeline did not accept this file.";
}

const LOSSES = {
  hdr: "its brightest lights (HDR)",
  wide_gamut: "its most saturated colours",
  animation: "its motion",
  pages: "its other pages",
  motion: "its video",
  depth: "its depth map",
  alpha: "its transparency",
  text: "some characters of its text",
};

/** The words for a code of the manifest's `losses`; the code itself if it is newer than this page. */
export const loss = (code) => LOSSES[code] ?? code;

/** Sentences about signing in. */
export const SIGN_IN = "Sign in to upload photos.";
export const EXPIRED = "Your sign-in has expired. Sign in again.";
export const OTHER_USER = "Someone else has signed in since this photo was chosen; “Try again” sends it as theirs.";
export const BAD_HEADER = "This page was given a sign-in that it cannot send.";

const REFUSALS = {
  EntityTooLarge: "This file is larger than may be uploaded.",
  EntityTooSmall: "This file is empty.",
  AccessDenied: "This permission to upload has expired. Try again to get a new one.",
};

/** Why an upload was not taken: S3's code, or the HTTP status; 0 if there was no answer. */
export function refusal(status, code) {
  if (REFUSALS[code]) return REFUSALS[code];
  if (status === 0) return "The connection was lost.";
  if (status === 429) return "Too many requests at this moment, from this network or from everybody. Try again in a minute.";
  if (status === 503) return "Too many people are uploading at this moment.";
  if (status >= 500) return `Uploads do not work at this moment (status ${status}).`;
  return `The upload was refused (status ${status}).`;
}
