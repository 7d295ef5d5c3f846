/* One upload on the page: being sent, waiting, ready, or not accepted. */

import { candidates, delivered, fallback, pictureHtml, webUrl, wholeRenditions } from "./manifest.js";
import { thumbHashUrl } from "./thumbhash.js";
import { bytes, duration, formatName, loss, pixels, reason, saving } from "./words.js";

const STEPS = ["fetch", "decode", "render", "store"];

/** Column widths of page.css, so that the browser picks a rendition before it has laid out. */
const SIZES = "(min-width: 84rem) 26rem, (min-width: 52rem) 45vw, calc(100vw - 2rem)";

/** An element with properties and children. */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** A link, or plain text if the URL cannot be followed. */
function link(url, text, label) {
  const href = webUrl(url);
  if (!href) return make("span", { textContent: text });
  return make("a", { href, textContent: text, ariaLabel: label });
}

/** A button that copies a text and says so; screen readers hear the change of its name. */
function copyButton(text, value, label, properties = {}) {
  const button = make("button", { type: "button", textContent: text, ariaLabel: label, ...properties });
  button.addEventListener("click", async () => {
    const copied = await navigator.clipboard.writeText(value).then(
      () => true,
      () => false,
    );
    button.classList.toggle("copied", copied);
    button.ariaLabel = copied ? `Copied: ${label}` : `Could not copy: ${label}`;
  });
  return button;
}

export class Card {
  constructor(upload) {
    this.upload = upload;
    const content = document.getElementById("card").content.cloneNode(true);
    this.element = content.firstElementChild;
    this.frame = this.element.querySelector(".frame");
    this.text = this.element.querySelector(".text");
    this.element.querySelector("h2").textContent = upload.file;
    this.facts = this.element.querySelector(".facts");
    this.state = this.element.querySelector(".state");
    this.bar = this.element.querySelector("progress");
    this.bar.ariaLabel = `Upload of ${upload.file}`;
    this.facts.textContent = bytes(upload.bytes);
    this.state.textContent = "Waiting for its turn …";
  }

  /** Say how much of the file has been sent: a share of 0 to 1. */
  sending(share) {
    this.element.classList.remove("failed");
    this.frame.replaceChildren();
    this.bar.hidden = false;
    this.bar.value = share;
    this.state.textContent = `Uploading … ${Math.floor(share * 100)} %`;
  }

  waiting() {
    this.bar.hidden = true;
    this.frame.replaceChildren();
    this.element.classList.remove("failed", "held");
    this.element.classList.add("waiting");
    this.state.textContent = "Uploaded. Waiting for its renditions …";
  }

  /** Say that nothing is asked for at this time, and why. */
  paused() {
    this.state.textContent =
      "Uploaded. Too many requests came from this network: the page looks for the renditions again in about a minute …";
  }

  /** Say that a moderator looks at the upload first. */
  held() {
    this.waiting();
    this.element.classList.remove("waiting");
    this.element.classList.add("held");
    this.frame.replaceChildren(make("span", { textContent: "Waiting for review" }));
    this.state.textContent =
      "Uploaded. It can be seen once a moderator has approved it, which may take a while.";
  }

  show(manifest, manifestUrl) {
    this.element.classList.remove("held");
    if (manifest.status === "ready") this.#ready(manifest, manifestUrl);
    else if (manifest.status === "deleted") this.fail("Removed", "This upload has been deleted.");
    else if (manifest.error?.code === "moderated") this.fail("Not approved", reason(manifest.error));
    else if (manifest.status === "failed") this.fail("Not processed", reason(manifest.error));
    else this.fail("Not accepted", reason(manifest.error));
  }

  /** Say what went wrong: a heading of two words, a sentence, and a way to try again if there is. */
  fail(heading, sentence, retry) {
    this.bar.hidden = true;
    this.element.classList.remove("waiting", "held");
    this.element.classList.add("failed");
    this.frame.replaceChildren(make("span", { textContent: heading }));
    this.state.textContent = sentence;
    if (!retry) return;
    const button = make("button", { type: "button", textContent: "Try again" });
    button.addEventListener("click", () => {
      this.state.textContent = "Waiting for its turn …";
      // The button is gone; without this, Tab would begin at the top of the page again.
      this.element.querySelector("h2").focus();
      retry();
    });
    this.state.append(" ", button);
  }

  #ready(manifest, manifestUrl) {
    const { source } = manifest;
    this.element.classList.remove("waiting");
    this.frame.replaceChildren();
    this.state.remove();
    this.facts.textContent = [
      pixels(source.width, source.height),
      formatName(source.format),
      bytes(source.bytes),
    ].join(" · ");
    this.#backdrop(manifest);
    this.#picture(manifest);
    const details = document.getElementById("details").content.cloneNode(true);
    fillSaving(details.querySelector(".saving"), manifest);
    fillLosses(details.querySelector(".losses"), manifest);
    fillTable(details.querySelector("table"), manifest, this.upload.file);
    fillCopies(details.querySelector(".copies"), manifest, this.upload.file, manifestUrl);
    fillTiming(details.querySelector(".timing"), manifest, this.upload.ms);
    this.text.append(details);
  }

  /** Show the placeholder until the photo has loaded, and around it if its shape differs from the frame's. */
  #backdrop({ placeholder, dominant_color: colour }) {
    const url = placeholder && thumbHashUrl(placeholder);
    if (colour) this.frame.style.backgroundColor = colour;
    if (url) this.frame.prepend(make("img", { className: "backdrop", alt: "", src: url }));
  }

  #picture(manifest) {
    const shown = wholeRenditions(manifest);
    const widest = fallback(shown);
    if (!widest) return;
    const image = make("img", {
      className: "photo",
      alt: `The uploaded picture ${this.upload.file}`,
      decoding: "async",
      loading: "lazy",
      width: widest.width,
      height: widest.height,
      sizes: SIZES,
    });
    image.addEventListener("load", () => image.classList.add("loaded"), { once: true });
    image.addEventListener("error", () => this.#broken(), { once: true });
    const sources = candidates(shown).map((candidate) => make("source", { ...candidate, sizes: SIZES }));
    const picture = make("picture", {}, ...sources, image);
    image.src = widest.url;
    const href = webUrl(widest.url);
    const name = `${this.upload.file}, ${pixels(widest.width, widest.height)}`;
    this.frame.append(href ? make("a", { href, ariaLabel: `Open ${name}` }, picture) : picture);
  }

  #broken() {
    this.text.prepend(
      make("p", { className: "state", textContent: "The renditions exist but cannot be loaded." }),
    );
  }
}

function fillSaving(line, manifest) {
  const after = delivered(manifest);
  if (!Number.isFinite(after)) {
    line.remove();
    return;
  }
  const percent = saving(manifest.source.bytes, after);
  line.classList.toggle("none", percent <= 0);
  line.firstElementChild.textContent = percent > 0 ? `${percent} % smaller:` : "No smaller:";
  line.lastElementChild.textContent = `readers get ${bytes(after)}`;
}

/** Name what the upload has and no rendition keeps; manifests of earlier releases do not say it. */
function fillLosses(line, { losses = [] }) {
  if (losses.length) line.textContent = `Not kept: ${losses.map(loss).join(", ")}.`;
  else line.remove();
}

/** A row per rendition, a column per format. */
function fillTable(table, { renditions }, file) {
  const types = [...new Set(renditions.map((r) => r.content_type))];
  const heading = (text) => make("th", { scope: "col", textContent: text });
  table.ariaLabel = `Renditions of ${file}`;
  table.tHead.append(
    make("tr", {}, ...["Rendition", ...types.map(formatName)].map(heading)),
  );
  for (const name of new Set(renditions.map((r) => r.name))) {
    const same = renditions.filter((r) => r.name === name);
    const cells = types.map((type) => {
      const found = same.find((r) => r.content_type === type);
      if (!found) return make("td", { textContent: "–" });
      const size = found.lazy ? "on first view" : bytes(found.bytes);
      const what = `${name} as ${formatName(type)}`;
      return make(
        "td",
        {},
        link(found.url, size, `${what}, ${size}`),
        copyButton("", found.url, `Copy the URL of ${what}`, { className: "icon" }),
      );
    });
    table.tBodies[0].append(
      make(
        "tr",
        {},
        make("th", { scope: "row" }, `${name} `, make("span", { textContent: pixels(same[0].width, same[0].height) })),
        ...cells,
      ),
    );
  }
}

/** Offer markup for a page, and the manifest's URL. */
function fillCopies(line, manifest, file, manifestUrl) {
  line.append(
    copyButton("Copy HTML", pictureHtml(manifest), `Copy the HTML of ${file}`),
    copyButton("Copy manifest URL", manifestUrl, `Copy the manifest URL of ${file}`),
  );
}

function fillTiming(box, { timings_ms: timings }, ms) {
  const [line, bar, list] = box.children;
  // Unknown after a reload; a moderator's time is not the pipeline's.
  if (ms === undefined) line.remove();
  else line.append(make("strong", { textContent: duration(ms) }), " from upload to manifest");
  if (timings?.total !== undefined) {
    list.append(make("li", { className: "all", textContent: `function ${duration(timings.total)}` }));
  }
  for (const step of STEPS.filter((name) => timings?.[name] !== undefined)) {
    const part = make("span", { className: step });
    part.style.flexGrow = timings[step];
    bar.append(part);
    list.append(make("li", { className: step, textContent: `${step} ${duration(timings[step])}` }));
  }
}
