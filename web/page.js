/* The page: takes photos from people, sends them, and shows a card for each. */

import { Card } from "./card.js";
import { ACCEPT, problem } from "./checks.js";
import { Unavailable, manifestUrl, waitForDecision, waitForManifest } from "./manifest.js";
import { forget, remember, remembered } from "./remembered.js";
import { showTotals } from "./totals.js";
import { askToSignIn, header, userOf } from "./sign-in.js";
import { upload } from "./upload.js";
import { limit } from "./words.js";

/** Files sent at one time: more would only share the same line. */
const PARALLEL = 3;

const byId = (id) => document.getElementById(id);

/** All that is on the page: `{card, upload, manifest, failed}`. */
const photos = [];
let config;

/** Read the stack's endpoints and limits from the file next to this page. */
async function readConfig() {
  const answer = await fetch("config.json", { cache: "no-cache" }).catch(() => null);
  if (!answer?.ok) {
    throw new Unavailable(
      "There is no config.json next to this page, so it does not know where to upload. “make demo” and a stack with “site: true” serve the page together with one.",
    );
  }
  const read = await answer.json().catch(() => ({}));
  if (!read.uploadEndpoint || !read.deliveryUrl) {
    throw new Unavailable("The config.json next to this page lacks uploadEndpoint or deliveryUrl.");
  }
  return read;
}

function add(facts) {
  const photo = { upload: facts, card: new Card(facts), manifest: null, failed: false };
  photos.push(photo);
  return photo;
}

/** Wait for a photo's manifest, and for a moderator if there is one, and show it. */
async function follow(photo) {
  const { key, start } = photo.upload;
  const onPause = (paused) => (paused ? photo.card.paused() : photo.card.waiting());
  let manifest = await waitForManifest(config, key, onPause);
  if (manifest.status === "held") {
    photo.upload.ms = undefined;
    photo.manifest = manifest;
    photo.card.held();
    showTotals(photos);
    manifest = await waitForDecision(config, key);
  } else if (start !== undefined) {
    photo.upload.ms = performance.now() - start;
  }
  photo.manifest = manifest;
  forget(photo.upload);
  photo.card.show(manifest, manifestUrl(config, key));
}

/** Run the steps of a photo, and show on its card if one fails. */
async function guarded(photo, heading, steps) {
  try {
    await steps();
  } catch (error) {
    const known = error instanceof Unavailable;
    if (!known) console.error(error);
    photo.failed = true;
    photo.card.fail(heading, known ? error.message : "An unexpected error occurred. The browser’s console has it.", photo.retry);
  }
  showTotals(photos);
}

async function send(photo, file, user) {
  await guarded(photo, "Not taken", async () => {
    photo.failed = false;
    photo.retry = () => enqueue(photo, file, userOf(header()));
    photo.upload.start = performance.now();
    photo.card.sending(0);
    photo.upload.key = await upload(file, config, user, (share) => photo.card.sending(share));
    photo.retry = undefined;
    remember(photo.upload, user);
    photo.card.waiting();
  });
}

const queue = [];
let sending = 0;

/** Send a file of a user as soon as its turn has come; its renditions are waited for meanwhile. */
function enqueue(photo, file, user) {
  queue.push([photo, file, user]);
  sendNext();
}

async function sendNext() {
  if (sending >= PARALLEL || !queue.length) return;
  const [photo, file, user] = queue.shift();
  sending += 1;
  await send(photo, file, user);
  sending -= 1;
  sendNext();
  if (!photo.failed) look(photo);
}

/** Show a photo that has been sent, or let people look for it again. */
function look(photo) {
  photo.failed = false;
  photo.retry = () => {
    photo.card.waiting();
    look(photo);
  };
  guarded(photo, "Not shown", () => follow(photo));
}

function take(files) {
  const taken = [...files].map((file) => [add({ file: file.name, bytes: file.size }), file]);
  byId("photos").prepend(...taken.map(([photo]) => photo.card.element));
  for (const [photo, file] of taken) {
    const sentence = problem(file, config.maxUploadBytes);
    photo.failed = sentence !== null;
    if (sentence) photo.card.fail("Not taken", sentence);
    else enqueue(photo, file, userOf(header()));
  }
  if (taken.length) showTotals(photos);
}

function listen() {
  const files = byId("files");
  files.accept = ACCEPT;
  files.addEventListener("change", () => {
    take(files.files);
    files.value = "";
  });
  addEventListener("paste", (event) => take(event.clipboardData.files));
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    document.body.classList.add("dragging");
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dragging");
  });
  addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    document.body.classList.remove("dragging");
    take(event.dataTransfer.files);
  });
  byId("limits").textContent =
    `JPEG, PNG, GIF, WebP, AVIF, HEIC, TIFF, BMP and SVG, up to ${limit(config.maxUploadBytes)} each.`;
}

/** Show what this tab sent before a reload, and nothing that somebody else sent. */
function recall() {
  const known = new Set(photos.map(({ upload }) => upload.key));
  const again = remembered(userOf(header())).filter(({ key }) => !known.has(key)).map(add);
  byId("photos").prepend(...again.map((photo) => photo.card.element));
  for (const photo of again) {
    photo.card.waiting();
    look(photo);
  }
  if (again.length) showTotals(photos);
}

/** Show where to upload: at once, or to a signed-in user, whom an app names by an attribute. */
function letIn() {
  const show = () => {
    const isLetIn = !config.signIn || Boolean(header());
    const [shown, hidden] = isLetIn ? ["drop", "sign-in"] : ["sign-in", "drop"];
    const hadFocus = byId(hidden).contains(document.activeElement);
    byId(shown).hidden = false;
    byId(hidden).hidden = true;
    if (hadFocus) byId(shown).querySelector("input, button").focus();
    if (isLetIn) recall();
  };
  show();
  if (!config.signIn) return;
  new MutationObserver(show).observe(document.documentElement, { attributeFilter: ["data-authorization"] });
  byId("sign-in-button").addEventListener("click", () => askToSignIn("asked"));
  if (!header()) askToSignIn("missing");
}

async function main() {
  config = await readConfig();
  listen();
  const shown = (config.shown ?? []).map(add);
  byId("photos").append(...shown.map((photo) => photo.card.element));
  showTotals(photos);
  letIn();
  for (const photo of shown) {
    guarded(photo, "Not shown", () => {
      if (photo.upload.status === "refused") throw new Unavailable("The source bucket did not take this upload.");
      photo.card.waiting();
      return follow(photo);
    });
  }
}

main().catch((error) => {
  const known = error instanceof Unavailable;
  if (!known) console.error(error);
  byId("status").classList.add("notice");
  byId("status").textContent = known ? error.message : "The page cannot be shown. The browser’s console says why.";
});
