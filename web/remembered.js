/* Uploads of this tab whose outcome is not known yet: a reload shows them again. */

const NAME = "uploads";

/** All that is remembered, by key: `{file, bytes, key, user}`. Nothing where a browser keeps nothing. */
function read() {
  try {
    return new Map(JSON.parse(sessionStorage.getItem(NAME) ?? "[]").map((upload) => [upload.key, upload]));
  } catch {
    return new Map();
  }
}

function write(uploads) {
  try {
    sessionStorage.setItem(NAME, JSON.stringify([...uploads.values()]));
  } catch {
    // The page works without; it only forgets at a reload.
  }
}

/** Keep an upload until its outcome is known, or the tab is closed; `user` is who sent it, if signed in. */
export function remember({ file, bytes, key }, user) {
  write(read().set(key, { file, bytes, key, user }));
}

export function forget({ key }) {
  const uploads = read();
  if (uploads.delete(key)) write(uploads);
}

/** The uploads of a user, or of a page where nobody signs in; the newest first. */
export function remembered(user) {
  return [...read().values()].filter((upload) => upload.user === user).reverse();
}
