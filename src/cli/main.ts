#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { doctorCommand } from "./commands/doctor.js";
import { iamCommand } from "./commands/iam.js";
import { localEcsCommand } from "./commands/local-ecs.js";
import { psCommand } from "./commands/ps.js";
import { stopCommand } from "./commands/stop.js";
import { taskdefCommand } from "./commands/taskdef.js";

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "unknown";
}

const program = new Command("rollcall")
  .description("Distributed computing for TypeScript: tools around the library.")
  .version(version())
  .showHelpAfterError("(add --help for what is possible)")
  .addCommand(doctorCommand())
  .addCommand(taskdefCommand())
  .addCommand(iamCommand())
  .addCommand(psCommand())
  .addCommand(stopCommand())
  .addCommand(localEcsCommand());

try {
  await program.parseAsync();
} catch (error) {
  console.error(`rollcall: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
