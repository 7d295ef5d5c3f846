// sharp behind the worker's protocol: one JSON job a line in, one JSON answer a line out.
// CPU time is that of the whole process, so that work on libvips' threads counts.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

const require = createRequire(process.env.PEERS + "/");
const sharp = require("sharp");
sharp.concurrency(1);
sharp.cache(false);

const encode = (image, { format, quality, effort }, options = {}) =>
  image.toFormat(format, { quality, ...(effort === null ? {} : { effort }), ...options }).toBuffer();

const resized = (image, { width, height, fit }) =>
  image.resize(width, height, { fit, withoutEnlargement: fit === "inside" });

// Encoders alone get pixels, which are decoded outside the timed part.
const decoded = async (data) => {
  const { data: pixels, info } = await sharp(data).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { pixels, raw: { width: info.width, height: info.height, channels: info.channels } };
};

const encodeAll = async ({ pixels, raw }, outputs, options) => {
  const bodies = [];
  for (const output of outputs) bodies.push(await encode(sharp(pixels, { raw }), output, options));
  return bodies;
};

const engines = {
  "encode-sharp": (image, outputs) => encodeAll(image, outputs),
  "encode-mozjpeg": (image, outputs) => encodeAll(image, outputs, { mozjpeg: true }),
  async "sharp-each"(data, outputs) {
    const bodies = [];
    for (const output of outputs) {
      bodies.push(await encode(resized(sharp(data).autoOrient(), output), output));
    }
    return bodies;
  },
  async "sharp-cascade"(data, outputs) {
    const bodies = [];
    let previous = sharp(data).autoOrient();
    for (const output of outputs) {
      const pixels = await resized(previous, output).raw().toBuffer({ resolveWithObject: true });
      const { width, height, channels } = pixels.info;
      const raw = { raw: { width, height, channels } };
      bodies.push(await encode(sharp(pixels.data, raw), output));
      previous = sharp(pixels.data, raw);
    }
    return bodies;
  },
};

const run = engines[process.argv[2]];
const prepare = process.argv[2].startsWith("encode-") ? decoded : (data) => data;
const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024;
const idle = peak();

for await (const line of createInterface({ input: process.stdin })) {
  const { source, outputs, folder } = JSON.parse(line);
  try {
    const data = await prepare(readFileSync(source));
    const before = process.cpuUsage();
    const bodies = await run(data, outputs);
    const used = process.cpuUsage(before);
    if (folder) bodies.forEach((body, index) => writeFileSync(`${folder}/${index}`, body));
    const bytes = bodies.reduce((sum, body) => sum + body.length, 0);
    const answer = { cpu_ms: (used.user + used.system) / 1000, peak_rss_mb: peak() - idle, bytes };
    console.log(JSON.stringify(answer));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error.message ?? error).split("\n")[0] }));
  }
}
