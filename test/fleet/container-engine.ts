/** A Docker engine inside the namespace of a container instance: `--network host` there means that namespace. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startService } from "./host-process.js";

/** Without what is of no use here, and opens ports or makes folders elsewhere. */
const CONTAINERD_CONFIG = `version = 2
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
`;

/** Starts the engine with all its files below `folder`; resolves with the path of its socket. */
export async function startEngine(namespace: string, folder: string, cgroupParent: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const at = (name: string): string => join(folder, name);
  writeFileSync(at("containerd.toml"), CONTAINERD_CONFIG);
  // Containers inherit the namespace of containerd, so each engine needs one of its own.
  await startService(
    namespace,
    [
      ["containerd", "--config", at("containerd.toml"), "--address", at("containerd.sock")],
      ["--root", at("containerd"), "--state", at("containerd-state")],
    ].flat(),
    "containerd successfully booted",
  );
  const socket = at("docker.sock");
  await startService(
    namespace,
    [
      ["dockerd", "--containerd", at("containerd.sock"), "--host", `unix://${socket}`],
      ["--data-root", at("data"), "--exec-root", at("exec"), "--pidfile", at("docker.pid")],
      ["--cgroup-parent", cgroupParent],
    ].flat(),
    "API listen on",
  );
  return socket;
}
