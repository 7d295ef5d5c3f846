/* Totals of all photos on the page, in one line and four figures. */

import { delivered, stored } from "./manifest.js";
import { bytes, count, duration, saving } from "./words.js";

const byId = (id) => document.getElementById(id);

/** Sum up; each photo has `upload`, and `manifest` or `failed` once its outcome is known. */
export function showTotals(photos) {
  const ready = photos.filter(({ manifest }) => manifest?.status === "ready");
  byId("status").textContent = summary(photos, ready);
  const figures = ready.some(({ manifest }) => manifest.renditions.length) ? totals(ready) : [];
  byId("totals").replaceChildren(...figures.map(group));
  byId("totals").hidden = byId("footnote").hidden = figures.length === 0;
}

function summary(photos, ready) {
  const renditions = ready.reduce((sum, { manifest }) => sum + stored(manifest.renditions).length, 0);
  const rejected = photos.filter(({ manifest }) => manifest?.status === "rejected").length;
  const failed = photos.filter((photo) => photo.failed).length;
  const held = photos.filter(({ manifest }) => manifest?.status === "held").length;
  const waiting = photos.filter((photo) => !photo.manifest && !photo.failed).length;
  if (photos.length === 0) return "No photos yet.";
  return [
    `${count(photos.length, "photo")} in`,
    `${count(renditions, "rendition")} out`,
    ...(waiting ? [`${waiting} under way`] : []),
    ...(held ? [`${held} waiting for review`] : []),
    ...(rejected ? [`${rejected} rejected`] : []),
    ...(failed ? [`${failed} not taken`] : []),
  ].join(", ");
}

function totals(ready) {
  const before = ready.reduce((sum, { manifest }) => sum + manifest.source.bytes, 0);
  const after = ready.reduce((sum, { manifest }) => sum + delivered(manifest), 0);
  const known = [
    ["Readers get", bytes(after)],
    ["Saving", `${saving(before, after)} %`],
  ];
  const latencies = ready.map(({ upload }) => upload.ms).filter((ms) => ms !== undefined);
  return [
    ["Uploaded", bytes(before)],
    ...(Number.isFinite(after) ? known : []),
    ...(latencies.length ? [["Median latency", duration(median(latencies))]] : []),
  ];
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

function group([term, value]) {
  const box = document.createElement("div");
  box.append(document.createElement("dt"), document.createElement("dd"));
  box.firstElementChild.textContent = term;
  box.lastElementChild.textContent = value;
  return box;
}
