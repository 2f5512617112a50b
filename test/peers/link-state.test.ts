import assert from "node:assert/strict";
import { test } from "node:test";
import { nextLink, type LinkEvent, type LinkState, type LinkStep } from "#dist/peers/link-state.js";
import { newSeed, seeded } from "../fixtures/random.js";

/**
 * Two workers and the messages between them, which the manager passes on in order. What the network allows, and when
 * each message, connection or loss happens, is up to the test.
 */
class Pair {
  readonly ends = [new End(true), new End(false)] as const;
  /** Connections that stand: the ends that hold them. */
  links = 0;

  constructor(readonly reachable: readonly [boolean, boolean]) {}

  /** What may happen next, by name. */
  get possible(): string[] {
    return this.ends.flatMap((end, at) => [
      ...(end.inbox.length > 0 ? [`deliver ${at}`] : []),
      ...(end.dialling === undefined ? [] : [`dial ${at}`]),
      ...(end.isChecking ? [`checked ${at}`] : []),
    ]);
  }

  happen(what: string): void {
    const [verb, which] = what.split(" ");
    const at = Number(which) as 0 | 1;
    const end = this.ends[at];
    const other = this.ends[1 - at]!;
    if (verb === "want") this.#tell(at, "want");
    else if (verb === "checked") {
      end.isChecking = false;
      this.#tell(at, "alive");
    } else if (verb === "deliver") {
      const message = end.inbox.shift()!;
      if (message.event === "ready" && message.attempt !== end.attempt) return;
      if (message.event === "failed" && message.attempt !== end.attempt) return;
      this.#tell(at, message.event, message.attempt);
    } else if (verb === "dial") {
      const attempt = end.dialling!;
      end.dialling = undefined;
      // As the key decides: the other end lets in only whom it expects.
      const isLetIn = this.reachable[at] && other.expected === attempt;
      if (!isLetIn) return this.#tell(at, "dial-failed");
      other.expected = undefined;
      if (other.state !== "expecting" && other.state !== "called") return this.#tell(at, "dial-failed");
      end.link = other.link = ++this.links;
      this.#tell(1 - at, "accepted");
      this.#tell(at, "dialled");
    } else if (verb === "cut" && end.link !== 0 && end.link === other.link) {
      for (const side of [0, 1] as const) {
        this.ends[side].link = 0;
        this.#tell(side, "lost");
      }
    }
  }

  #tell(at: number, event: LinkEvent, attempt = 0): void {
    const end = this.ends[at]!;
    const [next, ...steps] = nextLink(end.state, event, end.hasLowerPid);
    end.state = next;
    for (const step of steps) this.#do(at, step, attempt);
    if (event === "relayed") end.link = attempt;
  }

  #do(at: number, step: LinkStep, attempt: number): void {
    const end = this.ends[at]!;
    const other = this.ends[1 - at]!;
    const send = (event: LinkEvent, of: number): void => void other.inbox.push({ event, attempt: of });
    switch (step) {
      case "abandon":
        end.dialling = undefined;
        end.expected = undefined;
        // The other end sees its connection end.
        if (end.link !== 0 && other.link === end.link) {
          other.link = 0;
          end.link = 0;
          this.#tell(1 - at, "lost");
        }
        end.link = 0;
        return;
      case "ask":
        end.attempt = newAttempt();
        return send("expect", end.attempt);
      case "answer":
        end.attempt = attempt;
        end.expected = attempt;
        return send("ready", attempt);
      case "dial":
        end.dialling = end.attempt;
        return;
      case "ask to be dialled":
        end.attempt = newAttempt();
        end.expected = end.attempt;
        return send("dial-me", end.attempt);
      case "dial back":
        end.attempt = attempt;
        end.dialling = attempt;
        return;
      case "tell of the failure":
        return send("failed", end.attempt);
      case "open a relay":
        end.expected = undefined;
        end.link = ++this.links;
        return send("relayed", end.link);
      case "check":
        end.isChecking = true;
    }
  }
}

class End {
  state: LinkState = "idle";
  readonly inbox: { readonly event: LinkEvent; readonly attempt: number }[] = [];
  attempt = 0;
  /** The attempt whose connection it lets in. */
  expected: number | undefined;
  dialling: number | undefined;
  link = 0;
  isChecking = false;

  constructor(readonly hasLowerPid: boolean) {}
}

let attempts = 0;
function newAttempt(): number {
  return ++attempts;
}

test("whoever wants a link, in whatever order things happen, both end with the same one", (context) => {
  const random = seeded(newSeed(context));
  for (let run = 0; run < 3_000; run++) {
    const pair = new Pair([random(2) === 0, random(2) === 0]);
    const todo = Array.from({ length: random(8) }, () => ["want 0", "want 1", "cut 0"][random(3)]!);
    for (let step = 0; step < 1_000; step++) {
      const possible = [...pair.possible, ...todo.slice(0, 1)];
      if (possible.length === 0) break;
      const at = random(possible.length);
      if (at === possible.length - 1 && todo.length > 0) todo.shift();
      pair.happen(possible[at]!);
    }
    assert.deepEqual(pair.possible, [], "it comes to rest");
    const [one, other] = pair.ends;
    assert.equal(one.link, other.link, "both ends have the same link");
    assert.deepEqual([one.state, other.state], one.link === 0 ? ["idle", "idle"] : ["linked", "linked"]);
  }
});

test("a wish always ends with a link", () => {
  for (const reachable of [
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ] as const) {
    const pair = new Pair(reachable);
    pair.happen("want 1");
    while (pair.possible.length > 0) pair.happen(pair.possible[0]!);
    assert.notEqual(pair.ends[0].link, 0, `reachable: ${String(reachable)}`);
  }
});

test("nothing brings back a link to a peer that is gone", () => {
  const [next, ...steps] = nextLink("linked", "exited", true);
  assert.deepEqual([next, steps], ["over", ["abandon"]]);
  assert.deepEqual(nextLink("over", "expect", true), ["over"]);
  assert.deepEqual(nextLink("over", "want", true), ["over"]);
});
