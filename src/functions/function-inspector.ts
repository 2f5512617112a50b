import type * as Inspector from "node:inspector";

const HANDOVER = Symbol.for("rollcall.inspectedFunction");
const HANDOVER_EXPRESSION = `globalThis[Symbol.for("${HANDOVER.description}")]`;

/**
 * Opens V8's inspector on this thread, hands it the function, and closes it again, all before it returns: a program
 * with a debug session left open would run slower for good. A debugger that is attached has a session of its own
 * and notices nothing.
 */
export function inspectFunction<T>(
  fn: Function,
  ask: (session: Inspector.Session, objectId: string) => T,
): T {
  const session = openSession();
  try {
    return ask(session, handOver(session, fn));
  } finally {
    session.disconnect();
  }
}

/** The text of a script as V8 runs it; undefined if V8 no longer has it. */
export function scriptText(scriptId: string): string | undefined {
  const session = openSession();
  try {
    let text: string | undefined;
    session.post("Debugger.enable");
    session.post("Debugger.getScriptSource", { scriptId }, (_error, answer) => {
      text = answer?.scriptSource;
    });
    session.post("Debugger.disable");
    return text;
  } finally {
    session.disconnect();
  }
}

/** Loaded when it is needed only: Node can be built without it, and a worker never needs it. */
function openSession(): Inspector.Session {
  const inspector: typeof Inspector | undefined = process.getBuiltinModule("node:inspector");
  if (inspector === undefined) throw new Error("this Node.js was built without the inspector");
  const session = new inspector.Session();
  session.connect();
  return session;
}

/** The protocol takes no values from outside, so the function is a property of the global object for this moment. */
function handOver(session: Inspector.Session, fn: Function): string {
  Object.defineProperty(globalThis, HANDOVER, { value: fn, configurable: true });
  try {
    let objectId: string | undefined;
    let problem: Error | null = null;
    // Answers of a session of the same thread arrive before `post` returns.
    session.post("Runtime.evaluate", { expression: HANDOVER_EXPRESSION, silent: true }, (error, answer) => {
      problem = error;
      objectId = answer?.result?.objectId;
    });
    if (objectId === undefined) throw problem ?? new Error("the inspector did not take the function");
    return objectId;
  } finally {
    Reflect.deleteProperty(globalThis, HANDOVER);
  }
}
