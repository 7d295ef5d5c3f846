// `node --test tests/unit/edge/route.test.mjs`: the code that runs at CloudFront's edges, with constants as a stack sets them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";

const source = readFileSync(new URL("../../../edge/route.js", import.meta.url), "utf8");
const age = readFileSync(new URL("../../../edge/age.js", import.meta.url), "utf8");

function load(renditions, site = [], negotiated = ["avif", "webp"]) {
  const context = vm.createContext({});
  const all = { RENDITIONS: renditions, EXTENSIONS: ["jpg", "webp", "avif", "png"], NEGOTIATED: negotiated, SITE: site };
  const constants = Object.entries(all).map(([name, value]) => `const ${name} = ${JSON.stringify(value)};`).join("\n");
  vm.runInContext(`${constants}\n${source}`, context);
  return (uri, headers = {}, querystring = {}) => {
    const asked = Object.entries(headers).map(([name, value]) => [name, { value }]);
    // Through JSON, as the objects of another context are of other classes.
    return JSON.parse(JSON.stringify(context.handler({ request: { uri, headers: Object.fromEntries(asked), querystring } })));
  };
}

const ALL = { large: ["avif", "webp", "jpg"], thumb: ["jpg", "webp"], icon: ["png"], modern: ["avif"] };
const route = load(ALL);
const withSite = load(ALL, ["index.html", "page.js", "config.json"]);

// The Accept header of each for <img>, as MDN lists it ("List of default Accept values").
const BROWSERS = {
  "Chrome 156": ["image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "avif", "webp"],
  "Edge 121": ["image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "avif", "webp"],
  "Firefox 140": ["image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", "avif", "webp"],
  "Safari 18": ["image/webp,image/avif,image/jxl,image/heic,image/heic-sequence,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", "avif", "webp"],
  "Safari 14": ["image/webp,image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5", "webp", "webp"],
  "Internet Explorer 11": ["image/png, image/svg+xml, image/jxr, image/*;q=0.8, */*;q=0.5", "jpg", "jpg"],
};

for (const [name, [accept, large, thumb]] of Object.entries(BROWSERS)) {
  test(`${name} gets ${large}, and ${thumb} where there is no AVIF`, () => {
    assert.equal(route("/u1/beach.jpg/large", { accept }).uri, `/u1/beach.jpg/large.${large}`);
    assert.equal(route("/u1/beach.jpg/thumb", { accept }).uri, `/u1/beach.jpg/thumb.${thumb}`);
  });
}

for (const [accept, expected] of [
  ["*/*", "jpg"],
  ["", "jpg"],
  ["image/avif;q=0, image/webp;q=0.000", "jpg"],
  ["image/avif;q=0,image/webp;q=0.1", "webp"],
  ["IMAGE/AVIF", "avif"],
  ["text/html,application/xhtml+xml", "jpg"],
  ["image/avifx,ximage/webp", "jpg"],
]) {
  test(`Accept ${JSON.stringify(accept)} gives ${expected}`, () => {
    assert.equal(route("/a/large", { accept }).uri, `/a/large.${expected}`);
  });
}

test("without an Accept header it is JPEG; where there is none, what there is", () => {
  assert.equal(route("/a/large").uri, "/a/large.jpg");
  assert.equal(route("/a/icon").uri, "/a/icon.png");
  assert.equal(route("/a/modern").uri, "/a/modern.avif");
});

test("formats that are not negotiated are given to those alone who name them", () => {
  const accept = BROWSERS["Chrome 156"][0];
  const webp = load(ALL, [], ["webp"]);
  const none = load(ALL, [], []);
  assert.equal(webp("/a/large", { accept }).uri, "/a/large.webp");
  assert.equal(none("/a/large", { accept }).uri, "/a/large.jpg");
  assert.equal(none("/a/large.avif", { accept }).uri, "/a/large.avif");
  assert.equal(none("/a/modern", { accept }).uri, "/a/modern.avif"); // there is nothing else
});

test("where there is neither JPEG nor PNG, a format that is not negotiated is given last", () => {
  const modern = { large: ["avif", "webp"] };
  const accept = BROWSERS["Chrome 156"][0];
  for (const headers of [{}, { accept: "*/*" }, { accept }]) {
    assert.equal(load(modern, [], ["webp"])("/a/large", headers).uri, "/a/large.webp");
    assert.equal(load(modern, [], [])("/a/large", headers).uri, "/a/large.avif");
  }
});

test("several Accept headers count as one", () => {
  const context = vm.createContext({});
  const constants = `const RENDITIONS = ${JSON.stringify(ALL)}; const NEGOTIATED = ["avif"]; const SITE = [];`;
  vm.runInContext(`${constants}\n${source}`, context);
  const accept = { value: "image/png", multiValue: [{ value: "image/png" }, { value: "image/avif" }] };
  assert.equal(context.handler({ request: { uri: "/a/large", headers: { accept }, querystring: {} } }).uri, "/a/large.avif");
});

for (const uri of [
  "/u1/beach.jpg/manifest.json",
  "/u1/beach.jpg/large.webp",
  "/u1/beach.jpg/thumb.jpg",
  "/u1/beach.jpg/thumb.avif", // earlier settings may have made it
  "/u1/deep/er/%C3%A9t%C3%A9.jpg/large.avif",
  "/index.html/large.jpg",
  "/manifest.json/manifest.json",
]) {
  test(`${uri} is public, and asked for as it is`, () => assert.equal(route(uri).uri, uri));
}

// An invalidation names the spelling of `cdn_paths` (function/contract.py), which is Python's `quote`.
for (const [asked, cached] of [
  ["/u1/b%65ach.jpg/large.jpg", "/u1/beach.jpg/large.jpg"],
  ["/u1%2Fbeach.jpg/large%2ejpg", "/u1/beach.jpg/large.jpg"],
  ["/u1/beach.jpg/m%61nifest.json", "/u1/beach.jpg/manifest.json"],
  ["/%c3%a9/l%61rge", "/%C3%A9/large.jpg"],
  ["/é/large.jpg", "/%C3%A9/large.jpg"],
  ["/a+b!*'(c);:@&=$,~.jpg/large.jpg", "/a%2Bb%21%2A%27%28c%29%3B%3A%40%26%3D%24%2C~.jpg/large.jpg"],
  ["/a%252Fb/large.jpg", "/a%252Fb/large.jpg"],
]) {
  test(`${asked} is cached as ${cached}`, () => assert.equal(route(asked).uri, cached));
}

for (const uri of [
  "/",
  "/index.html",
  "/config.json",
  "/large.webp",
  "/manifest.json",
  "/large",
  "/u1/beach.jpg",
  "/u1/beach.jpg/",
  "/u1/beach.jpg/huge.webp",
  "/u1/beach.jpg/huge.avif",
  "/u1/beach.jpg/large.gif",
  "/u1/beach.jpg/large.webp.txt",
  "/u1/beach.jpg/large.",
  "/u1/beach.jpg/.webp",
  "/u1/beach.jpg/notes.txt",
  "/u1/beach.jpg/manifest.json/",
  "/u1/beach.jpg/constructor",
  "/u1/beach.jpg/__proto__",
  "/u1/beach.jpg/toString.jpg",
  "/_index/sha256/manifest.json",
  "/_index/a/large",
  "/%5Findex/a/large.jpg",
  "/_index%2Fa/large.jpg",
  "/a/../_index/b/large.jpg",
  "/a/%2e%2e/_index/b/large.jpg",
  "/./_index/b/large.jpg",
  "//_index/b/large.jpg",
  "/a//large.jpg",
  "/a/%ZZ/large.jpg",
  "/a/%",
]) {
  test(`${uri} is not public`, () => assert.equal(route(uri).statusCode, 404));
}

test("the page's files are public where there is a page, and nothing else beside them", () => {
  assert.equal(withSite("/index.html").uri, "/index.html");
  assert.equal(withSite("/config.json").uri, "/config.json");
  assert.equal(withSite("/other.html").statusCode, 404);
  assert.equal(withSite("/u1/index.html").statusCode, 404);
  const root = withSite("/");
  assert.deepEqual([root.statusCode, root.headers.location.value], [302, "/index.html"]);
});

for (const [tls, refused] of [
  ["TLSv1.3:TLS_AES_128_GCM_SHA256:sessionResumed", false],
  ["TLSv1.2:ECDHE-RSA-AES128-GCM-SHA256:fullHandshake", false],
  ["TLSv1.1:ECDHE-RSA-AES128-SHA:fullHandshake", true],
  ["TLSv1:ECDHE-RSA-AES128-SHA:fullHandshake", true],
  ["SSLv3:RC4-MD5:fullHandshake", true],
]) {
  test(`${tls.split(":")[0]} is ${refused ? "refused" : "taken"}`, () => {
    assert.equal(route("/a/large.jpg", { "cloudfront-viewer-tls": tls }).statusCode, refused ? 403 : undefined);
  });
}

const MINUTE = /^minute-\d+$/;
const YEAR = "public, max-age=31536000, immutable";

function answered(v, control = YEAR) {
  const context = vm.createContext({});
  vm.runInContext(age, context);
  const request = { uri: "/a/large.jpg", querystring: v === undefined ? {} : { v: { value: v } } };
  const response = { statusCode: 200, headers: control ? { "cache-control": { value: control } } : {} };
  return context.handler({ request, response }).headers["cache-control"]?.value;
}

test("the version that a manifest names is asked for as it is, and kept for a year", () => {
  const query = { v: { value: "0123abcd" } };
  assert.deepEqual(route("/a/large.jpg", {}, query).querystring, query);
  assert.deepEqual(route("/a/large", {}, query).querystring, query);
  assert.equal(answered("0123abcd"), YEAR);
});

for (const v of [undefined, "", "2", "0123ABCD", "0123abcd0", "minute-1"]) {
  test(`a rendition with v ${JSON.stringify(v)} is kept for a minute`, () => {
    const query = v === undefined ? {} : { v: { value: v } };
    const made = route("/a/large.jpg", {}, query).querystring.v.value;
    assert.match(made, MINUTE);
    assert.ok(Math.abs(made.slice(7) - Date.now() / 60000) < 2);
    assert.equal(answered(v), "public, max-age=60");
    assert.equal(answered(made), "public, max-age=60");
  });
}

test("manifests and the page are revalidated at each visit, as their objects say", () => {
  assert.deepEqual(route("/a/manifest.json").querystring, {});
  assert.deepEqual(withSite("/index.html").querystring, {});
  assert.equal(answered(undefined, "no-cache"), "no-cache");
  assert.equal(answered(undefined, ""), undefined);
});

for (const [name, code] of Object.entries({ route: source, age })) {
  test(`${name}.js is written in what the edge runtime knows`, () => {
    for (const unknown of [/\.\.\./, /\?\./, /\bclass\b/, /(?:const|let|var)\s*[{[]/, /for\s*\([^)]* of /]) {
      assert.doesNotMatch(code.replace(/\/\*[^]*?\*\//g, ""), unknown);
    }
  });
}
