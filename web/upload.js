/* One file on its way into the source bucket, by a public PUT or with a form that the signer makes. */

import { typeOf } from "./checks.js";
import { Unavailable } from "./manifest.js";
import { SIGN_IN, refusal } from "./words.js";

/** The element whose attribute `data-authorization` has the header of a signed-in user. */
const page = document.documentElement;

const SIGNER_PATIENCE_MS = 15_000;

/**
 * Upload a file and return its key.
 *
 * `onProgress` is told the share that has been sent, 0 to 1. Throws `Unavailable` with a sentence
 * when the file was not taken.
 */
export async function upload(file, config, onProgress) {
  return config.uploads === "presigned"
    ? postSigned(file, config, onProgress)
    : putPublic(file, config, onProgress);
}

async function putPublic(file, { uploadEndpoint }, onProgress) {
  const key = `uploads/${crypto.randomUUID()}/${partOfKey(file.name)}`;
  const url = `${uploadEndpoint}/${key.split("/").map(encodeURIComponent).join("/")}`;
  await send("PUT", url, file, { "Content-Type": typeOf(file) }, onProgress);
  return key;
}

async function postSigned(file, config, onProgress) {
  const { key, url, fields } = await ask(config, { name: file.name, type: typeOf(file), size: file.size });
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", file);
  await send("POST", url, form, {}, onProgress);
  return key;
}

/** The signer's form for one picture. */
async function ask({ uploadEndpoint, deliveryUrl, signIn }, wanted) {
  const content = JSON.stringify(wanted);
  const headers = { "Content-Type": "application/json" };
  const isBehindCdn = uploadEndpoint.startsWith(`${deliveryUrl}/`);
  // A CDN in front of the signer signs the request, and takes the body's hash from the browser. Its
  // signature takes the place of the header Authorization.
  if (isBehindCdn) headers["x-amz-content-sha256"] = await sha256(content);
  const authorization = signIn && page.dataset.authorization;
  if (signIn && !authorization) throw new Unavailable(SIGN_IN);
  if (authorization) headers[isBehindCdn ? "X-Authorization" : "Authorization"] = authorization;
  const answer = await fetch(uploadEndpoint, {
    method: "POST",
    headers,
    body: content,
    signal: AbortSignal.timeout(SIGNER_PATIENCE_MS),
  }).catch(() => null);
  if (!answer) throw new Unavailable(refusal(0));
  const body = await answer.json().catch(() => ({}));
  if (answer.status === 401) signOut(authorization, body.error?.code);
  if (!answer.ok) throw new Unavailable(body.error?.message ?? refusal(answer.status));
  return body;
}

/** Ask for another sign-in, unless there is one already that is newer than the one refused. */
function signOut(authorization, code) {
  if (page.dataset.authorization !== authorization) return;
  delete page.dataset.authorization;
  askToSignIn(code === "expired" ? "expired" : "token");
}

/** Tell the app around this page that an upload needs a user (docs/auth.md, "The page"). */
export function askToSignIn(reason) {
  document.dispatchEvent(new CustomEvent("signinneeded", { detail: { reason } }));
}

/** The SHA-256 of a text in UTF-8, in hexadecimal digits. */
async function sha256(text) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A name that is one harmless part of a key, as `clean` in signer/handler.py makes it. */
export function partOfKey(name) {
  const last = name.normalize("NFC").split(/[/\\]/).at(-1);
  const kept = last.replace(/[^\p{L}\p{N}_.]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "");
  return kept.slice(-80).replace(/^[-.]+/, "") || "picture";
}

/** Send with XMLHttpRequest: fetch cannot tell how much has been sent. */
function send(method, url, body, headers, onProgress) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total ? loaded / total : 0));
    request.addEventListener("load", () => {
      if (request.status < 300) done();
      else failed(new Unavailable(refusal(request.status, s3Code(request.responseText))));
    });
    request.addEventListener("error", () => failed(new Unavailable(refusal(0))));
    request.send(body);
  });
}

const s3Code = (xml) => /<Code>(\w+)<\/Code>/.exec(xml)?.[1];
