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

const REASONS = {
  not_an_image: "This file is not an image that the pipeline can read.",
  broken_image: "This image is damaged or cut short, so it cannot be opened.",
  too_many_pixels: "This image has more pixels than the pipeline accepts.",
  too_large: "This file is larger than the pipeline accepts.",
};

/** Why an upload was rejected: the pipeline's own sentence, or one that fits its code. */
export function reason(error) {
  return error?.message || REASONS[error?.code] || "The pipeline did not accept this file.";
}
