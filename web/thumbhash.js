/*
 * ThumbHash, decoded from the format's description.
 *
 * A hash is a few bytes: the image's average colour, and the lowest frequencies of its cosine
 * transform, in luminance (l), yellow-blue (p), red-green (q) and, if need be, alpha (a).
 * Header of 24 bits: l average 6, p average 6, q average 6, l scale 5, has alpha 1. Then 16 bits:
 * count of the shorter side's luminance waves 3, p scale 6, q scale 6, is landscape 1. With alpha,
 * 8 bits more: average 4, scale 4. The waves follow, 4 bits each, least significant first.
 */

const LONG_SIDE = 32;

/** Reads unsigned integers off a byte array, least significant bit first. */
function bitReader(bytes) {
  let position = 0;
  return (length) => {
    let value = 0;
    for (let bit = 0; bit < length; bit++, position++) {
      value |= ((bytes[position >> 3] >> (position & 7)) & 1) << bit;
    }
    return value;
  };
}

/** Frequencies that a channel of `across` by `down` waves stores: a triangle without its corner. */
function frequencies(across, down) {
  const pairs = [];
  for (let v = 0; v < down; v++) {
    for (let u = v === 0 ? 1 : 0; u * down < across * (down - v); u++) pairs.push([u, v]);
  }
  return pairs;
}

function readWaves(read, across, down, scale) {
  return frequencies(across, down).map(([u, v]) => ({ u, v, height: (read(4) / 7.5 - 1) * scale }));
}

function parse(bytes) {
  const read = bitReader(bytes);
  const l = { average: read(6) / 63 };
  const p = { average: read(6) / 31.5 - 1 };
  const q = { average: read(6) / 31.5 - 1 };
  const lScale = read(5) / 31;
  const hasAlpha = read(1) === 1;
  const shorter = read(3);
  // Saturation is stored with a quarter in reserve, as quantizing dulls it.
  const pScale = (read(6) / 63) * 1.25;
  const qScale = (read(6) / 63) * 1.25;
  const landscape = read(1) === 1;
  const a = { average: 1, waves: [] };
  let aScale = 0;
  if (hasAlpha) {
    a.average = read(4) / 15;
    aScale = read(4) / 15;
  }
  const longer = hasAlpha ? 5 : 7;
  const [across, down] = landscape ? [longer, shorter] : [shorter, longer];
  l.waves = readWaves(read, Math.max(3, across), Math.max(3, down), lScale);
  p.waves = readWaves(read, 3, 3, pScale);
  q.waves = readWaves(read, 3, 3, qScale);
  if (hasAlpha) a.waves = readWaves(read, 5, 5, aScale);
  return { l, p, q, a, ratio: across / down };
}

/** For each pixel along a side, the cosine of each frequency at the pixel's middle. */
function cosines(size, count = 7) {
  return Array.from({ length: size }, (_, pixel) =>
    Array.from({ length: count }, (_, u) => Math.cos((Math.PI / size) * (pixel + 0.5) * u)),
  );
}

function level({ average, waves }, horizontal, vertical) {
  // Every wave counts twice: the transform is mirrored at the image's edges.
  return waves.reduce(
    (sum, { u, v, height }) => sum + 2 * height * horizontal[u] * vertical[v],
    average,
  );
}

/** Pixels of a ThumbHash: `{width, height, rgba}`; at most 32 on the longer side. */
export function decodeThumbHash(bytes) {
  const { l, p, q, a, ratio } = parse(bytes);
  const width = Math.round(ratio > 1 ? LONG_SIDE : LONG_SIDE * ratio);
  const height = Math.round(ratio > 1 ? LONG_SIDE / ratio : LONG_SIDE);
  const rgba = new Uint8ClampedArray(width * height * 4);
  const columns = cosines(width);
  const rows = cosines(height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 4) {
      const [luma, yellow, red, alpha] = [l, p, q, a].map((c) => level(c, columns[x], rows[y]));
      const b = luma - (2 / 3) * yellow;
      const r = (3 * luma - b + red) / 2;
      const g = r - red;
      rgba.set([r, g, b, alpha].map((value) => value * 255), at);
    }
  }
  return { width, height, rgba };
}

/** A ThumbHash in base64 as an image's URL, or null if it is not one. */
export function thumbHashUrl(base64) {
  try {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    if (bytes.length < 5) return null;
    const { width, height, rgba } = decodeThumbHash(bytes);
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    canvas.getContext("2d").putImageData(new ImageData(rgba, width, height), 0, 0);
    return canvas.toDataURL();
  } catch {
    return null;
  }
}
