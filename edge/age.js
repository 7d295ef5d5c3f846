/*
 * Runs at CloudFront's edges for each answer: a URL without the `v` that its manifest gives it may be
 * kept for a minute, not for a year, because the key it names may be written again.
 *
 * Only renditions are `immutable`; everything else must be revalidated at each visit. The edge
 * runtime is that of edge/route.js, which may have put its own `v` into the request.
 */

function handler(event) {
  const response = event.response;
  const control = response.headers['cache-control'];
  const v = event.request.querystring.v;
  if (control !== undefined && control.value.includes('immutable') && !isVersion(v)) {
    control.value = 'public, max-age=60';
  }
  return response;
}

/** Return true if a query's `v` is a rendition's version: the first 8 digits of its SHA-256. */
function isVersion(v) {
  return v !== undefined && /^[0-9a-f]{8}$/.test(v.value);
}
