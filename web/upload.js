/* One file on its way into the source bucket, by a public PUT or with a form that the signer makes. */

import { typeOf } from "./checks.js";
import { PREFIX, Unavailable } from "./manifest.js";
import { signOut, signedIn } from "./sign-in.js";
import { BAD_HEADER, refusal } from "./words.js";

const SIGNER_PATIENCE_MS = 15_000;

/** Longest file name in a key, in characters; that of signer/handler.py. */
const MAX_NAME = 80;

/**
 * Upload a file and return its key.
 *
 * `user` chose the file, if someone was signed in. `onProgress` is told the share that has been
 * sent, 0 to 1. Throws `Unavailable` with a sentence when the file was not taken.
 */
export async function upload(file, config, user, onProgress) {
  return config.uploads === "presigned"
    ? postSigned(file, config, user, onProgress)
    : putPublic(file, config, onProgress);
}

async function putPublic(file, { uploadEndpoint, prefix = PREFIX }, onProgress) {
  const key = `${prefix}${crypto.randomUUID()}/${partOfKey(file.name)}`;
  const url = `${uploadEndpoint}/${key.split("/").map(encodeURIComponent).join("/")}`;
  await send("PUT", url, file, { "Content-Type": typeOf(file) }, onProgress);
  return key;
}

async function postSigned(file, config, user, onProgress) {
  const wanted = { name: file.name, type: typeOf(file), size: file.size };
  const { key, url, fields } = await ask(config, wanted, user);
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", file);
  await send("POST", url, form, {}, onProgress);
  return key;
}

/** The signer's form for one picture; asked for once more if the sign-in had expired. */
async function ask(config, wanted, user, isSecondTime = false) {
  const { uploadEndpoint, deliveryUrl, signIn } = config;
  const content = JSON.stringify(wanted);
  const headers = new Headers({ "Content-Type": "application/json" });
  const isBehindCdn = uploadEndpoint.startsWith(`${deliveryUrl}/`);
  // A CDN in front of the signer signs the request, and takes the body's hash from the browser. Its
  // signature takes the place of the header Authorization.
  if (isBehindCdn) headers.set("x-amz-content-sha256", await sha256(content));
  const authorization = signIn && (await signedIn(user));
  if (authorization) setAuthorization(headers, isBehindCdn ? "X-Authorization" : "Authorization", authorization);
  const answer = await fetch(uploadEndpoint, {
    method: "POST",
    headers,
    body: content,
    signal: AbortSignal.timeout(SIGNER_PATIENCE_MS),
  }).catch(() => null);
  if (!answer) throw new Unavailable(refusal(0));
  const body = await answer.json().catch(() => ({}));
  if (answer.status === 401) {
    const code = body.error?.code;
    signOut(authorization, code);
    if (code === "expired" && !isSecondTime) return ask(config, wanted, user, true);
  }
  if (!answer.ok) throw new Unavailable(body.error?.message ?? refusal(answer.status));
  return body;
}

function setAuthorization(headers, name, value) {
  try {
    headers.set(name, value);
  } catch (error) {
    console.error(error);
    throw new Unavailable(BAD_HEADER);
  }
}

/** The SHA-256 of a text in UTF-8, in hexadecimal digits. */
async function sha256(text) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A name that is one harmless part of a key, as `clean` in signer/handler.py makes it. */
export function partOfKey(name) {
  const last = name.normalize("NFC").split(/[/\\]/).at(-1);
  const kept = trimmed(last.replace(/[^\p{L}\p{N}_.]+/gu, "-"));
  const dot = Math.max(kept.lastIndexOf("."), 0);
  // In characters, as half of one cannot be in a URL.
  const [stem, suffix] = [kept.slice(0, dot), kept.slice(dot)].map((part) => [...part]);
  const short = trimmed([...stem.slice(0, MAX_NAME - suffix.length), ...suffix].join(""));
  return [...short].slice(0, MAX_NAME).join("") || "picture";
}

const trimmed = (name) => name.replace(/^[-.]+|[-.]+$/g, "");

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
