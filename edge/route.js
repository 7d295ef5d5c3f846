/*
 * Runs at CloudFront's edges for each request, before the cache: decides what is public, and which
 * format a reader gets if the URL names none.
 *
 *   /u1/beach.jpg/manifest.json   as it is, but in one spelling (see encode)
 *   /u1/beach.jpg/large.webp      as it is, if the stack has such a rendition
 *   /u1/beach.jpg/large           large.avif, large.webp or large.jpg, by the Accept header
 *   /index.html                   the stack's own page, if it has one
 *   all else                      404
 *
 * pipeline/edge.py puts constants in front: RENDITIONS, extensions by rendition; EXTENSIONS, the
 * extensions of all formats, because earlier settings may have made others; NEGOTIATED, the extensions
 * chosen by Accept; and SITE, the names of the page's files. The edge runtime (cloudfront-js-2.0) is
 * ECMAScript 5.1 with parts of later versions: no destructuring, spread, optional chaining or classes.
 * It may also skip a function that takes too long, so the buckets' policies, not this file, keep
 * private objects private.
 *
 * A URL without the `v` that its manifest gives it names whatever the key holds now. It gets the
 * minute as its `v`, which is part of the cache's key, so an edge keeps it for a minute at most.
 * edge/age.js tells the reader's own cache the same.
 */

/** Types that a reader must name in Accept: all browsers send `image/*` and `*\/*`. */
const NEWER = [['avif', 'image/avif'], ['webp', 'image/webp']];

/** Extensions of formats that every reader can show, best first. */
const COMMON = ['jpg', 'png'];

function handler(event) {
  const request = event.request;
  if (isOldTls(request.headers['cloudfront-viewer-tls'])) return answer(403, 'Forbidden');
  if (request.uri === '/' && SITE.length) return redirect('/index.html');
  const parts = split(request.uri);
  if (parts === null) return answer(404, 'Not Found');
  request.uri = '/' + parts.map(encode).join('/');
  const last = parts[parts.length - 1];
  if (parts.length === 1) return SITE.includes(last) ? request : answer(404, 'Not Found');
  if (parts[0] === '_index') return answer(404, 'Not Found');
  if (last === 'manifest.json') return request;
  if (!isVersion(request.querystring.v)) request.querystring.v = thisMinute();
  const dot = last.indexOf('.');
  const made = Object.keys(RENDITIONS).includes(dot < 0 ? last : last.slice(0, dot))
    ? RENDITIONS[dot < 0 ? last : last.slice(0, dot)]
    : [];
  if (dot < 0 && made.length) {
    request.uri += '.' + choose(made, request.headers.accept);
    return request;
  }
  return made.length && EXTENSIONS.includes(last.slice(dot + 1)) ? request : answer(404, 'Not Found');
}

/** A path's parts as S3 will read them, or null if it could be read in more than one way. */
function split(uri) {
  let path;
  try {
    path = decodeURIComponent(uri);
  } catch (error) {
    return null;
  }
  const parts = path.split('/').slice(1);
  return parts.some((part) => part === '' || part === '.' || part === '..') ? null : parts;
}

/**
 * The one spelling of a part of a path, that of a manifest's URLs. An edge caches each spelling on its
 * own, such as b%65ach.jpg, and an invalidation of beach.jpg would not find that one.
 */
function encode(part) {
  return encodeURIComponent(part).replace(
    /[!'()*]/g,
    (character) => '%' + character.charCodeAt(0).toString(16).toUpperCase(),
  );
}

/** Return true if a query's `v` is a rendition's version: the first 8 digits of its SHA-256. */
function isVersion(v) {
  return v !== undefined && /^[0-9a-f]{8}$/.test(v.value);
}

function thisMinute() {
  return { value: 'minute-' + Math.floor(Date.now() / 60000) };
}

/**
 * The best of the extensions that a rendition is made in for a reader who sent this Accept. The cache
 * sees the path with its extension, so Accept need not be in its key.
 */
function choose(made, header) {
  const accept = header ? (header.multiValue || [header]).map((one) => one.value).join() : '';
  const newer = NEWER.filter(
    (pair) => made.includes(pair[0]) && NEGOTIATED.includes(pair[0]) && accepts(accept, pair[1]),
  );
  if (newer.length) return newer[0][0];
  // Without JPEG and PNG, prefer a format that all uploads have to one that may be missing.
  const common = COMMON.concat(NEGOTIATED).filter((extension) => made.includes(extension));
  return common[0] || made[0];
}

/** Return true if an Accept header names a type, other than to rule it out with q=0. */
function accepts(accept, type) {
  return accept.split(',').some((range) => {
    const words = range.toLowerCase().split(';').map((word) => word.trim());
    return words[0] === type && !words.slice(1).some((word) => /^q=0(\.0*)?$/.test(word));
  });
}

/** CloudFront-Viewer-TLS is like TLSv1.3:TLS_AES_128_GCM_SHA256:sessionResumed. */
function isOldTls(header) {
  return header !== undefined && !/^TLSv1\.[23]:/.test(header.value);
}

function redirect(location) {
  const response = answer(302, 'Found');
  response.headers.location = { value: location };
  return response;
}

function answer(statusCode, statusDescription) {
  return {
    statusCode: statusCode,
    statusDescription: statusDescription,
    headers: { 'cache-control': { value: 'no-store' } },
  };
}
