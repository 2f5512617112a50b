import type { Hold } from "./handle-table.js";
import { describeReference } from "./reference-id.js";
import type { References } from "./references.js";

/** `inspect.custom` of `node:util`, whose types not every program that uses these has. */
const inspected: unique symbol = Symbol.for("nodejs.util.inspect.custom");

/**
 * A remote reference: stands for a value that lives in one process of the cluster, and may be sent to any of them as an
 * argument, a result, within other values or through a channel. The value lives as long as some process holds a
 * reference to it. Each time a reference arrives it is an object of its own; that holds it until it is released (`release`,
 * `using`, a scope), until the garbage collector has taken it, or until the process ends.
 */
export abstract class Reference implements Disposable {
  /** Of this process. */
  protected readonly references: References;
  /** @internal That the owner counts for it. */
  readonly hold: Hold;

  /** @internal */
  constructor(references: References, hold: Hold) {
    this.references = references;
    this.hold = hold;
  }

  /** The process in which the value lives. */
  get pid(): number {
    return this.hold.id.owner;
  }

  /**
   * Whether this object has let go of the value. Then the reference can neither be used nor sent, except a future that was
   * fetched before: that has its value.
   */
  get isReleased(): boolean {
    return this.hold.isReleased;
  }

  /** @internal Whether the references of this cluster, in this process, are those of `references`. */
  belongsTo(references: References): boolean {
    return this.references === references;
  }

  /** Lets go of the value. Others that were sent here are not concerned. To do it twice does nothing. */
  release(): void {
    this.references.release(this.hold);
  }

  /** @internal In a terminal it is what it stands for, and not all that this process knows of references. */
  [inspected](): string {
    const released = this.isReleased ? ", released" : "";
    return `[${this.constructor.name}: ${describeReference(this.hold.id)}${released}]`;
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
