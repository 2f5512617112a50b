/**
 * How others reach a worker: at its machine's address and its own port (`host`), at its machine's address and a port that
 * leads to its own (`bridge`), at an address of its own (`awsvpc`), or not at all: then it opens every connection itself
 * (`reverse`).
 */
export const NETWORK_MODES = ["host", "bridge", "awsvpc", "reverse"] as const;
export type NetworkMode = (typeof NETWORK_MODES)[number];

/** The environment variables that a worker process is started with. */
export const WorkerVariable = {
  /** `host:port` of the rendezvous. Required. */
  rendezvous: "ROLLCALL_RENDEZVOUS",
  /** `<token id>.<secret, base64url>`; taken out of the environment as soon as it is read. Required. */
  token: "ROLLCALL_TOKEN",
  /** The manager's own name for this worker, handed back in its report. */
  launchedId: "ROLLCALL_LAUNCHED_ID",
  /** The address to bind; by default the local end of the connection that reached the manager. */
  bindHost: "ROLLCALL_BIND_HOST",
  /** The port to listen on, or a range such as `7000-7099`, of which a free one is taken; by default any free one. */
  port: "ROLLCALL_PORT",
  /** One of `NETWORK_MODES`; by default what the platform says of itself. */
  networkMode: "ROLLCALL_NETWORK_MODE",
  /** The address under which others reach this worker, tried before all others. */
  advertiseHost: "ROLLCALL_ADVERTISE_HOST",
  /** Where functions are looked up; by default the nearest folder with a package.json above the working directory. */
  projectRoot: "ROLLCALL_PROJECT_ROOT",
  /**
   * `yes` or `no`: whether to look for the notice that EC2 takes this Spot instance back. By default in a task of ECS on
   * EC2.
   */
  watchSpot: "ROLLCALL_WATCH_SPOT",
  /**
   * How many workers the process stands for, each as a child process: a whole number, or `auto` for one on each core that its
   * container may use. Left out it is a worker itself.
   */
  workers: "ROLLCALL_WORKERS",
  /** Set for such a child: which one it is, from 1 on, and how many there are. */
  slot: "ROLLCALL_SLOT",
  slots: "ROLLCALL_SLOTS",
  /** Set for such a child: what the platform says of the container, as JSON, asked for once for all of them. */
  container: "ROLLCALL_CONTAINER",
  /** How long to try to reach the rendezvous, in milliseconds; by default 30,000. */
  dialMs: "ROLLCALL_DIAL_MS",
} as const;

/** More than any machine has cores that ECS runs tasks on. */
export const MOST_WORKERS_OF_CONTAINER = 1024;
