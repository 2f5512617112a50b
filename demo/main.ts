// The demo: `npm run demo`. What it finds goes to stdout, what it does meanwhile to stderr. A signal ends it in
// good order (the workers first); a second one at once, and the workers then notice that they are alone.
import { runDemo } from "./demo.js";
import { runOnFleet } from "./fleet.js";
import { openSolver } from "./solve.js";

/** The exit codes by which shells tell that a signal ended a program: 128 and its number. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

const ending = new AbortController();
let signalled: keyof typeof exitCodes | undefined;

function onSignal(name: keyof typeof exitCodes): void {
  if (signalled) process.exit(exitCodes[name]);
  signalled = name;
  process.stderr.write(`\n${name}: stopping the workers\n`);
  ending.abort(new Error(`ended by ${name}`));
}

const onInterrupt = (): void => onSignal("SIGINT");
const onTerminate = (): void => onSignal("SIGTERM");
process.on("SIGINT", onInterrupt).on("SIGTERM", onTerminate);

try {
  const { stdout, stderr } = process;
  process.exitCode = await runDemo(process.argv.slice(2), {
    stdout,
    stderr,
    signal: ending.signal,
    openSolver,
    runOnFleet,
  });
} catch (error) {
  process.exitCode = 1;
  if (!signalled) console.error(error);
} finally {
  process.off("SIGINT", onInterrupt).off("SIGTERM", onTerminate);
  if (signalled) process.exitCode = exitCodes[signalled];
}
