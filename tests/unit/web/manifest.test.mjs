// `node --test tests/unit/web/manifest.test.mjs`: what the page makes of a manifest.

import assert from "node:assert/strict";
import { test } from "node:test";
import { candidates, delivered, fallback, stored, waitForDecision } from "../../../web/manifest.js";

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

const CONFIG = { deliveryUrl: "https://cdn" };
const HOUR = 3_600_000;

/** A page whose time passes as it waits; `answer` is told when each question came. */
function pretend(answer) {
  const page = { now: 0, asked: [], isSeen: true, seen: [] };
  page.show = () => {
    page.isSeen = true;
    for (const listener of page.seen.splice(0)) listener();
  };
  const stand = {
    performance: { now: () => page.now },
    setTimeout: (done, ms) => setImmediate(() => ((page.now += ms), done())),
    clearTimeout: () => {},
    document: {
      get visibilityState() {
        return page.isSeen ? "visible" : "hidden";
      },
      addEventListener: (_name, listener) => page.seen.push(listener),
      removeEventListener: (_name, listener) => page.seen.splice(page.seen.indexOf(listener) >>> 0, 1),
    },
    fetch: async (url) => {
      assert.equal(url, "https://cdn/a.jpg/manifest.json");
      page.asked.push(page.now);
      return answer(page.now);
    },
  };
  for (const [name, value] of Object.entries(stand)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  return page;
}

const json = (status) => ({ ok: true, status: 200, headers: new Headers(), json: async () => ({ schema: 1, status }) });
const refused = (status) => ({ ok: false, status, headers: new Headers({ "Retry-After": "60" }) });

test("what waits for review is asked for less and less often", async () => {
  const page = pretend((now) => json(now < 24 * HOUR ? "held" : "ready"));
  assert.equal((await waitForDecision(CONFIG, "uploads/a.jpg")).status, "ready");
  const gaps = page.asked.map((at, index) => Math.round(at - (page.asked[index - 1] ?? 0)));
  assert.deepEqual(gaps, [...gaps].sort((a, b) => a - b));
  assert.deepEqual([gaps[0], gaps.at(-1)], [5_000, 600_000]);
  assert.ok(page.asked.length < 170, `${page.asked.length} questions in a day`);
});

test("it is not asked for while nobody sees the page, and at once when somebody does", async () => {
  const page = pretend(() => json("rejected"));
  page.isSeen = false;
  const decided = waitForDecision(CONFIG, "uploads/a.jpg");
  for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
  assert.deepEqual(page.asked, []);
  page.show();
  assert.equal((await decided).status, "rejected");
  assert.equal(page.asked.length, 1);
});

test("a limit or a failure of the network is waited out; what is gone was deleted", async () => {
  const answers = [refused(429), new TypeError("offline"), refused(503), json("held"), refused(404)];
  const page = pretend(() => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  });
  assert.deepEqual(await waitForDecision(CONFIG, "uploads/a.jpg"), { status: "deleted" });
  assert.equal(page.asked.length, 5);
  assert.ok(page.asked[1] - page.asked[0] >= 60_000);
});

test("a manifest that cannot be read is said", async () => {
  const broken = { ok: true, status: 200, headers: new Headers(), json: async () => JSON.parse("<html>") };
  pretend(() => broken);
  await assert.rejects(waitForDecision(CONFIG, "uploads/a.jpg"), /not valid JSON/);
});
