/* Shows uploads as their manifests describe them; polls each manifest until it appears. */

const POLL_MS = 250;
const WAIT_MS = 120_000;

const size = (bytes) =>
  bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e3).toFixed(1)} kB`;

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const encodeKey = (key) => key.split("/").map(encodeURIComponent).join("/");

/** The manifest of an upload, or null if none appears in time. */
async function waitForManifest(deliveryUrl, key) {
  const url = `${deliveryUrl}/${encodeKey(key.replace(/^uploads\//, ""))}/manifest.json`;
  const deadline = Date.now() + WAIT_MS;
  while (Date.now() < deadline) {
    const answer = await fetch(url, { cache: "no-cache" });
    if (answer.ok) return answer.json();
    await pause(POLL_MS);
  }
  return null;
}

/** Candidates of one type for `srcset`: renditions that keep the aspect ratio, by width. */
function srcset(manifest, type) {
  const ratio = manifest.source.width / manifest.source.height;
  return manifest.renditions
    .filter((r) => r.content_type === type && Math.abs(r.width / r.height / ratio - 1) < 0.02)
    .map((r) => `${r.url} ${r.width}w`)
    .join(", ");
}

function showPicture(card, upload, manifest) {
  const image = card.querySelector("img");
  const [largest] = [...manifest.renditions].sort((a, b) => b.width - a.width);
  card.querySelector("source").srcset = srcset(manifest, "image/webp");
  card.querySelectorAll("source, img").forEach((element) => {
    element.sizes = "(min-width: 44rem) 24rem, 100vw";
  });
  image.addEventListener("load", () => image.classList.add("loaded"), { once: true });
  image.alt = upload.file;
  image.width = largest.width;
  image.height = largest.height;
  image.srcset = srcset(manifest, "image/jpeg");
  image.src = largest.url;
  card.querySelector(".frame").href = largest.url;
  card.querySelector(".frame").setAttribute("aria-label", `${upload.file}, full size`);
  if (manifest.dominant_color) {
    card.querySelector(".frame").style.backgroundColor = manifest.dominant_color;
  }
}

function renditionRow(rendition) {
  const row = document.createElement("li");
  const link = document.createElement("a");
  link.href = rendition.url;
  link.textContent = `${rendition.name} ${rendition.content_type.replace("image/", "")}`;
  const pixels = document.createElement("span");
  pixels.textContent = `${rendition.width} × ${rendition.height}`;
  const bytes = document.createElement("span");
  bytes.textContent = size(rendition.bytes);
  row.append(link, pixels, bytes);
  return row;
}

function showReady(card, upload, manifest) {
  const { source, renditions, timings_ms: timings } = manifest;
  showPicture(card, upload, manifest);
  const largest = Math.max(...renditions.map((r) => r.bytes));
  const saved = Math.round((1 - largest / source.bytes) * 100);
  const saving = saved > 0 ? ` · largest rendition ${saved} % smaller` : "";
  card.querySelector(".facts").textContent =
    `${source.width} × ${source.height} ${source.format} · ${size(source.bytes)}${saving}`;
  card.querySelector(".renditions").append(...renditions.map(renditionRow));
  const steps = ["fetch", "decode", "render", "store"].map((s) => `${s} ${timings[s]} ms`);
  card.querySelector(".timings").textContent =
    `${upload.ms} ms from upload to manifest: ${steps.join(", ")}`;
}

function showRejected(card, message) {
  card.classList.add("rejected");
  card.querySelector(".frame").removeAttribute("href");
  card.querySelector(".facts").textContent = message;
}

async function show(upload, deliveryUrl) {
  const card = document.getElementById("card").content.firstElementChild.cloneNode(true);
  card.querySelector("h2").textContent = upload.file;
  card.querySelector(".facts").textContent = "Waiting for its renditions …";
  document.getElementById("photos").append(card);
  const manifest = await waitForManifest(deliveryUrl, upload.key);
  if (!manifest) showRejected(card, "Its renditions did not appear within two minutes.");
  else if (manifest.status === "ready") showReady(card, upload, manifest);
  else showRejected(card, manifest.error.message);
  return manifest?.renditions.length ?? 0;
}

async function main() {
  const summary = document.getElementById("summary");
  const answer = await fetch("gallery.json");
  if (!answer.ok) {
    summary.textContent = "There is nothing to show: start this page with “make demo”.";
    return;
  }
  const { delivery_url: deliveryUrl, uploads } = await answer.json();
  const counts = await Promise.all(uploads.map((upload) => show(upload, deliveryUrl)));
  const renditions = counts.reduce((sum, count) => sum + count, 0);
  summary.textContent = `${uploads.length} photos in, ${renditions} renditions out`;
}

main().catch((error) => {
  document.getElementById("summary").textContent = `The gallery cannot be shown: ${error.message}`;
});
