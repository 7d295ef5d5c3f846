// Renders an Ultra HDR JPEG by sharp, and applies the gain maps of JPEGs: one JSON job a line in, an
// empty line out. Pixels are linear RGB in floats, where 1 is the white of ordinary pictures.
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

const sharp = createRequire(process.env.PEERS + "/")("sharp");
sharp.concurrency(1);

const render = ({ source, output, width, height, fit, quality }) =>
  sharp(source)
    .autoOrient()
    .keepGainMap()
    .resize(width, height, { fit, withoutEnlargement: fit === "inside" })
    .jpeg({ quality })
    .toFile(output);

async function apply(path) {
  if (!(await sharp(path).metadata()).gainMap) throw new Error(`sharp finds no gain map in ${path}`);
  const bright = sharp(path).withGainMap().toColourspace("scrgb").raw({ depth: "float" });
  writeFileSync(`${path}.raw`, await bright.toBuffer());
}

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line);
  await render(job);
  for (const path of [job.output, job.ours]) await apply(path);
  console.log();
}
