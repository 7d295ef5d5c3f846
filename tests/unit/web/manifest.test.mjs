// `node --test tests/unit/web/manifest.test.mjs`: what the page makes of a manifest.

import assert from "node:assert/strict";
import { test } from "node:test";
import { candidates, delivered, fallback, stored } from "../../../web/manifest.js";

/** Renditions as a manifest has them: `{large: [1080, "jpeg", "avif"]}`. */
function renditions(sets) {
  return Object.entries(sets)
    .flatMap(([name, [width, ...formats]]) =>
      formats.map((format) => ({ content_type: `image/${format}`, width, url: `${name}.${format}` })),
    )
    .sort((a, b) => a.width - b.width);
}

/** Type and `srcset` of each `<source>`. */
function sources(sets) {
  return candidates(renditions(sets)).map(({ type, srcset }) => `${type}: ${srcset}`);
}

test("each size is offered in its smallest format", () => {
  assert.deepEqual(sources({ small: [320, "jpeg"], large: [1080, "jpeg", "avif"] }), [
    "image/avif: small.jpeg 320w, large.avif 1080w",
    "image/jpeg: small.jpeg 320w, large.jpeg 1080w",
  ]);
});

for (const format of ["avif", "webp", "png"]) {
  test(`renditions in ${format} alone are offered in all sizes`, () => {
    const made = { small: [320, format], large: [1080, format] };
    assert.deepEqual(sources(made), [`image/${format}: small.${format} 320w, large.${format} 1080w`]);
    assert.equal(fallback(renditions(made)).url, `large.${format}`);
  });
}

test("a size in PNG alone is not left out beside sizes in other formats", () => {
  assert.deepEqual(sources({ small: [320, "jpeg"], large: [1080, "png"] })[0], "image/jpeg: small.jpeg 320w, large.png 1080w");
  assert.deepEqual(sources({ small: [320, "png"], large: [1080, "png", "avif"] })[0], "image/avif: small.png 320w, large.avif 1080w");
});

const SOURCE = { width: 4000, height: 3000 };
const LARGE = { name: "large", content_type: "image/jpeg", width: 1080, height: 810, bytes: 90_000 };
const MEDIUM = { name: "medium", content_type: "image/jpeg", width: 640, height: 480, bytes: 40_000 };

test("a lazy rendition's bytes are not known, so they are no figure", () => {
  const lazy = { ...LARGE, bytes: null, lazy: true };
  assert.deepEqual(stored([lazy, MEDIUM]), [MEDIUM]);
  assert.equal(delivered({ source: SOURCE, renditions: [LARGE, MEDIUM] }), 90_000);
  assert.equal(delivered({ source: SOURCE, renditions: [lazy, MEDIUM] }), 40_000);
  assert.equal(delivered({ source: SOURCE, renditions: [lazy] }), Infinity);
});

test("a lazy rendition is offered like the others", () => {
  const lazy = { ...LARGE, url: "large.jpg", bytes: null, lazy: true };
  assert.deepEqual(
    candidates([{ ...MEDIUM, url: "medium.jpg" }, lazy]).map(({ srcset }) => srcset),
    ["medium.jpg 640w, large.jpg 1080w"],
  );
  assert.equal(fallback([{ ...MEDIUM, url: "medium.jpg" }, lazy]), lazy);
});
