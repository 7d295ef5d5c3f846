/* The signed-in user, whom an app around this page names by a header (docs/auth.md, "The page"). */

import { Unavailable } from "./manifest.js";
import { EXPIRED, OTHER_USER, SIGN_IN } from "./words.js";

/** The element whose attribute `data-authorization` has the header. */
const page = document.documentElement;

/** How long uploads wait for an app that renews an expired sign-in by itself. */
const RENEWAL_MS = 5_000;
const LOOK_MS = 50;

let renewedUntil = 0;
let hasExpired = false;

/** The header of the user who is signed in; undefined if nobody is. */
export const header = () => page.dataset.authorization || undefined;

/** The user (`sub`) of a header's token; undefined for one that cannot be read. Checks nothing. */
export function userOf(authorization) {
  const part = authorization?.split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/");
  try {
    return JSON.parse(atob(part)).sub;
  } catch {
    return undefined;
  }
}

/**
 * The header for a photo that `user` chose, once an expired one is renewed.
 *
 * Throws `Unavailable` if nobody is signed in, or someone else: a photo of one person never goes
 * to another's by itself.
 */
export async function signedIn(user) {
  while (!header() && performance.now() < renewedUntil) await new Promise((done) => setTimeout(done, LOOK_MS));
  if (!header()) throw new Unavailable(hasExpired ? EXPIRED : SIGN_IN);
  if (user !== undefined && userOf(header()) !== user) throw new Unavailable(OTHER_USER);
  return header();
}

/** Ask for another sign-in, unless there is one already that is newer than the one refused. */
export function signOut(authorization, code) {
  hasExpired = code === "expired";
  if (header() !== authorization) return;
  delete page.dataset.authorization;
  if (hasExpired) renewedUntil = performance.now() + RENEWAL_MS;
  askToSignIn(hasExpired ? "expired" : "token");
}

/** Tell the app that an upload needs a user. */
export function askToSignIn(reason) {
  document.dispatchEvent(new CustomEvent("signinneeded", { detail: { reason } }));
}
