/* The gallery: reads gallery.json, shows a card per upload, and sums up. */

import { Card } from "./card.js";
import { Unavailable, delivered, waitForManifest } from "./manifest.js";
import { bytes, count, duration, saving } from "./words.js";

const byId = (id) => document.getElementById(id);

/** The list of uploads that stands beside this page. */
async function readGallery() {
  const answer = await fetch("gallery.json", { cache: "no-cache" }).catch(() => null);
  if (!answer?.ok) {
    throw new Unavailable(
      "There is no gallery.json beside this page, so there is nothing to show. “make demo” serves the page together with one.",
    );
  }
  return answer.json().catch(() => {
    throw new Unavailable("The gallery.json beside this page is not valid JSON.");
  });
}

/** Show one upload's outcome; returns its manifest, or null if there is none. */
async function follow(card, upload, deliveryUrl) {
  if (upload.status === "refused") {
    card.fail("Refused", "The source bucket did not take this upload.");
    return null;
  }
  try {
    const manifest = await waitForManifest(deliveryUrl, upload.key);
    card.show(manifest);
    return manifest;
  } catch (error) {
    if (!(error instanceof Unavailable)) console.error(error);
    card.fail("Not shown", error instanceof Unavailable ? error.message : "Its manifest cannot be shown.");
    return null;
  }
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

function showTotals(ready) {
  const before = ready.reduce((sum, { manifest }) => sum + manifest.source.bytes, 0);
  const after = ready.reduce((sum, { manifest }) => sum + delivered(manifest), 0);
  const totals = [
    ["Uploaded", bytes(before)],
    ["Readers get", bytes(after)],
    ["Saving", `${saving(before, after)} %`],
    ["Median latency", duration(median(ready.map(({ upload }) => upload.ms)))],
  ];
  for (const [term, value] of totals) {
    const group = document.createElement("div");
    group.append(document.createElement("dt"), document.createElement("dd"));
    group.firstElementChild.textContent = term;
    group.lastElementChild.textContent = value;
    byId("totals").append(group);
  }
  byId("totals").hidden = byId("footnote").hidden = false;
}

function summarize(uploads, manifests) {
  const ready = uploads
    .map((upload, index) => ({ upload, manifest: manifests[index] }))
    .filter(({ manifest }) => manifest?.status === "ready");
  const renditions = ready.reduce((sum, { manifest }) => sum + manifest.renditions.length, 0);
  const rejected = manifests.filter((manifest) => manifest?.status === "rejected").length;
  const missing = uploads.length - ready.length - rejected;
  byId("status").textContent = [
    `${count(uploads.length, "photo")} in`,
    `${count(renditions, "rendition")} out`,
    ...(rejected ? [`${rejected} rejected`] : []),
    ...(missing ? [`${missing} missing`] : []),
  ].join(", ");
  if (renditions) showTotals(ready);
}

async function main() {
  const { delivery_url: deliveryUrl, uploads } = await readGallery();
  if (typeof deliveryUrl !== "string" || !Array.isArray(uploads)) {
    throw new Unavailable("The gallery.json beside this page lacks delivery_url or uploads.");
  }
  if (!uploads.length) {
    byId("status").textContent = "No photos yet.";
    return;
  }
  byId("status").textContent = `Waiting for ${count(uploads.length, "photo")} …`;
  const cards = uploads.map((upload) => new Card(upload));
  byId("photos").append(...cards.map((card) => card.element));
  const manifests = await Promise.all(
    uploads.map((upload, index) => follow(cards[index], upload, deliveryUrl)),
  );
  summarize(uploads, manifests);
}

main().catch((error) => {
  const known = error instanceof Unavailable;
  if (!known) console.error(error);
  byId("status").classList.add("notice");
  byId("status").textContent = known ? error.message : "The gallery cannot be shown. The browser’s console says why.";
});
