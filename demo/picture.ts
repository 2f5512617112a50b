import { accessSync, constants, mkdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Resvg } from "@resvg/resvg-js";
import { UsageError } from "./options.js";

/** The absolute paths of the pictures. */
export interface Pictures {
  readonly svg: string;
  readonly png: string;
}

/** Makes the folder and says what its pictures will be called. Throws a `UsageError` if it cannot be written to. */
export function prepareFolder(folder: string): Pictures {
  const path = resolve(folder);
  try {
    mkdirSync(path, { recursive: true });
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new UsageError(
      `option '--output <folder>' value '${folder}' is not a folder to write to: ${String(error)}`,
      {
        cause: error,
      },
    );
  }
  return { svg: join(path, "tour.svg"), png: join(path, "tour.png") };
}

/** Writes the drawing as it is, and as pixels. */
export async function writePictures(svg: string, paths: Pictures): Promise<void> {
  await Promise.all([writeFile(paths.svg, svg), writeFile(paths.png, rasterize(svg))]);
}

/** The fonts come from a package, so that the picture is the same on a machine without any. */
const fontFiles = ["400Regular/SourceSans3_400Regular.ttf", "600SemiBold/SourceSans3_600SemiBold.ttf"].map(
  (file) => fileURLToPath(import.meta.resolve(`@expo-google-fonts/source-sans-3/${file}`)),
);

function rasterize(svg: string): Buffer {
  const font = { fontFiles, loadSystemFonts: false, defaultFontFamily: "Source Sans 3" };
  return new Resvg(svg, { fitTo: { mode: "zoom", value: 2 }, font }).render().asPng();
}
