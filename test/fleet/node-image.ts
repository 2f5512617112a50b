/** An image like Node's official ones as far as a Dockerfile needs it: node, npm and a shell, from this machine's files. */
import type Docker from "dockerode";
import { copyFileSync, cpSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "./requirements.js";
import { copyProgram, importImage, makeTmp } from "./worker-image.js";

export const NODE_IMAGE = "rollcall-node:local";

export async function importNodeImage(engine: Docker, folder: string): Promise<void> {
  copyProgram(realpathSync(process.execPath), folder, "usr/bin/node");
  copyProgram(realpathSync("/bin/sh"), folder, "bin/sh");
  const npm = dirname(dirname(realpathSync(run("which", "npm").trim())));
  cpSync(npm, join(folder, "usr/lib/npm"), { recursive: true, dereference: true });
  writeFileSync(join(folder, "usr/bin/npm"), '#!/bin/sh\nexec node /usr/lib/npm/bin/npm-cli.js "$@"\n', {
    mode: 0o755,
  });
  mkdirSync(join(folder, "etc"), { recursive: true });
  writeFileSync(
    join(folder, "etc/passwd"),
    "root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n",
  );
  copyFileSync("/etc/nsswitch.conf", join(folder, "etc/nsswitch.conf"));
  for (const name of ["root", "home/node"]) mkdirSync(join(folder, name), { recursive: true });
  makeTmp(folder);
  await importImage(engine, folder, NODE_IMAGE, []);
}
