/* Manifests: where an upload's is, when it is there, and what its parts are for. */

import { refusal } from "./words.js";

/** Start of the keys of uploads, unless `config.json` has another one. */
export const PREFIX = "uploads/";

const SCHEMA = 1;
const FIRST_POLL_MS = 200;
const SLOWEST_POLL_MS = 3_000;
const PATIENCE_MS = 120_000;

/** How long an upload under review is not asked for: a quarter of the time that it has waited, in bounds. */
const SHORTEST_REVIEW_MS = 5_000;
const LONGEST_REVIEW_MS = 600_000;

/** Formats that a `<picture>` offers. */
const SMALLEST_FIRST = ["image/avif", "image/webp", "image/jpeg", "image/png"];

/** A rate rule's window, if an answer does not say when to ask again. */
const PAUSE_S = 60;
const MOST_PAUSES = 5;

/** Until when nothing is asked for, on the clock of `performance`: the limit is for all of a network. */
let pausedUntil = 0;

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** A failure whose message is meant for the person who looks at the page. */
export class Unavailable extends Error {}

/** Where the manifest of the upload `uploads/a b.jpg` is: `…/a%20b.jpg/manifest.json`. */
export function manifestUrl({ deliveryUrl, prefix = PREFIX }, key) {
  const name = key.startsWith(prefix) ? key.slice(prefix.length) : key;
  const path = name.split("/").map(encodeURIComponent).join("/");
  return `${deliveryUrl.replace(/\/+$/, "")}/${path}/manifest.json`;
}

/**
 * The manifest, as soon as it is there.
 *
 * It is written last, so a missing object means "not yet"; S3 says 403 or 404 depending on whether
 * the reader may list the bucket. 429 comes from a rate rule, which counts blocked requests, too:
 * nothing is asked for until its time is over. `onPause` hears of it, with true, then false.
 */
export async function waitForManifest(config, key, onPause) {
  const url = manifestUrl(config, key);
  let deadline = performance.now() + PATIENCE_MS;
  let reached = false;
  let pauses = 0;
  for (let wait = FIRST_POLL_MS; performance.now() < deadline; wait = Math.min(wait * 1.4, SLOWEST_POLL_MS)) {
    if (performance.now() < pausedUntil) deadline += await paused(onPause);
    try {
      const { status, manifest } = await ask(url);
      reached = true;
      if (manifest) return manifest;
      if (status === 429) {
        pauses += 1;
        if (pauses > MOST_PAUSES) throw new Unavailable(refusal(429));
        wait = SLOWEST_POLL_MS;
        continue;
      }
    } catch (error) {
      if (error instanceof Unavailable) throw error;
    }
    await pause(wait);
  }
  throw new Unavailable(
    reached
      ? "No renditions appeared within two minutes. The function’s log says why."
      : "The CDN or bucket with the renditions cannot be reached. Is the stack still up?",
  );
}

/**
 * The manifest of an upload that a moderator looks at, once it is decided about.
 *
 * That takes minutes or days. It is asked for less and less often, not at all while nobody sees the
 * page, and when somebody looks at it again. A manifest that is gone was deleted with its upload.
 */
export async function waitForDecision(config, key) {
  const url = manifestUrl(config, key);
  const start = performance.now();
  while (true) {
    const waited = performance.now() - start;
    await seenAfter(Math.min(Math.max(waited / 4, SHORTEST_REVIEW_MS), LONGEST_REVIEW_MS));
    if (performance.now() < pausedUntil) await paused(() => {});
    try {
      const { status, manifest } = await ask(url);
      if (manifest && manifest.status !== "held") return manifest;
      if (status === 403 || status === 404) return { status: "deleted" };
    } catch (error) {
      if (error instanceof Unavailable) throw error;
    }
  }
}

/** Wait so many milliseconds, and until the page is seen; no longer than until it comes into view. */
function seenAfter(ms) {
  return new Promise((done) => {
    const end = () => {
      if (document.visibilityState !== "visible") return;
      document.removeEventListener("visibilitychange", end);
      clearTimeout(timer);
      done();
    };
    const timer = setTimeout(end, ms);
    document.addEventListener("visibilitychange", end);
  });
}

/** Ask for a manifest once: the HTTP status, and the manifest if it is there. */
async function ask(url) {
  const answer = await fetch(url, { cache: "no-cache", signal: AbortSignal.timeout(10_000) });
  if (answer.status === 429) {
    const seconds = Number(answer.headers.get("Retry-After")) || PAUSE_S;
    pausedUntil = Math.max(pausedUntil, performance.now() + seconds * 1000);
  }
  try {
    return { status: answer.status, manifest: answer.ok ? checked(await answer.json()) : null };
  } catch (error) {
    if (error instanceof SyntaxError) throw new Unavailable("Its manifest is not valid JSON.");
    throw error;
  }
}

/** Wait until something may be asked for, not all at one moment; returns the milliseconds. */
async function paused(onPause) {
  const start = performance.now();
  onPause(true);
  while (performance.now() < pausedUntil) await pause(pausedUntil - performance.now());
  await pause(Math.random() * SLOWEST_POLL_MS);
  onPause(false);
  return performance.now() - start;
}

function checked(manifest) {
  if (manifest.schema > SCHEMA) {
    throw new Unavailable("Its manifest is newer than this page. Reload the page to update it.");
  }
  return manifest;
}

/** Renditions that show all of the source, narrowest first; all of them if none does. */
export function wholeRenditions({ source, renditions }) {
  // A rendition's sides are rounded to whole pixels, hence the tolerance of one pixel.
  const skew = (r) => Math.abs(r.width * source.height - r.height * source.width);
  const whole = renditions.filter((r) => skew(r) <= Math.max(source.width, source.height));
  return (whole.length ? whole : [...renditions]).sort((a, b) => a.width - b.width);
}

/** Sources of a `<picture>`, best first: `{media, type, srcset}` for each; `media` may be empty. */
export function candidates(renditions) {
  // Screens that can show it get HDR, which JPEG alone keeps; others the smallest format.
  const hdr = renditions.filter((r) => r.hdr);
  return [
    { media: "(dynamic-range: high)", type: "image/jpeg", srcset: srcset(hdr, "image/jpeg") },
    ...SMALLEST_FIRST.map((type) => ({ media: "", type, srcset: srcset(renditions, type) })),
  ].filter((candidate) => candidate.srcset);
}

/** One type's renditions. Sizes without it are there in the next type, or readers would get a large picture for a small place. */
function srcset(renditions, type) {
  if (!renditions.some((r) => r.content_type === type)) return "";
  const types = SMALLEST_FIRST.slice(SMALLEST_FIRST.indexOf(type));
  const rank = (r) => types.indexOf(r.content_type);
  const known = renditions.filter((r) => rank(r) >= 0);
  return known
    .filter((r) => !known.some((other) => other.width === r.width && rank(other) < rank(r)))
    .map((r) => `${r.url} ${r.width}w`)
    .join(", ");
}

/** The rendition for browsers that know no `<picture>`: the widest, as JPEG if there is one. */
export function fallback(renditions) {
  return renditions.filter((r) => r.content_type === "image/jpeg").at(-1) ?? renditions.at(-1);
}

/** Markup that shows the photo on any page. */
export function pictureHtml(manifest) {
  const shown = wholeRenditions(manifest);
  const { url, width, height } = fallback(shown);
  const sources = candidates(shown).map(
    ({ media, type, srcset }) =>
      `  <source ${media && `media="${media}" `}type="${type}" srcset="${srcset}" sizes="100vw">\n`,
  );
  const image = `  <img src="${url}" width="${width}" height="${height}" alt="">\n`;
  return `<picture>\n${sources.join("")}${image}</picture>`;
}

/** Renditions that were made at upload: the size of a lazy one is unknown before its first view. */
export function stored(renditions) {
  return renditions.filter((r) => !r.lazy);
}

/**
 * Bytes that a reader downloads instead of the source: the largest size in its smallest format. Infinity if
 * all sizes that show the whole source are made on first view.
 */
export function delivered(manifest) {
  const shown = stored(wholeRenditions(manifest));
  const widest = Math.max(...shown.map((r) => r.width));
  return Math.min(...shown.filter((r) => r.width === widest).map((r) => r.bytes));
}

/** A URL to link to, or null if it is not an HTTP URL. */
export function webUrl(url) {
  return /^https?:\/\//i.test(url) ? url : null;
}
