import { LogStore } from "#dist/local-ecs/log-store.js";
import assert from "node:assert/strict";
import test from "node:test";
import { PureEndpoint } from "./pure-endpoint.js";

interface LogPage {
  readonly events: { message: string; timestamp: number }[];
  readonly nextForwardToken: string;
  readonly nextBackwardToken: string;
}

function withLines(count: number): (request?: object) => LogPage {
  const endpoint = new PureEndpoint();
  endpoint.logs.createStream("/g", "s", 0);
  for (let index = 0; index < count; index += 1)
    endpoint.logs.append("/g", "s", 1000 + index, `line ${index}`);
  return (request = {}) => {
    const body = { logGroupName: "/g", logStreamName: "s", ...request };
    const answered = endpoint.send("GetLogEvents", body, "Logs_20140328");
    assert.equal(answered.status, 200, JSON.stringify(answered.body));
    return answered.body as unknown as LogPage;
  };
}

function messages(page: LogPage): string[] {
  return page.events.map(({ message }) => message);
}

void test("the newest events come by default, the oldest with startFromHead", () => {
  const get = withLines(5);
  assert.deepEqual(messages(get({ limit: 2 })), ["line 3", "line 4"]);
  assert.deepEqual(messages(get({ limit: 2, startFromHead: true })), ["line 0", "line 1"]);
});

void test("forward tokens walk through all events once, and the last one comes back unchanged", () => {
  const get = withLines(5);
  const seen: string[] = [];
  let page = get({ limit: 2, startFromHead: true });
  let token = "";
  while (page.nextForwardToken !== token) {
    seen.push(...messages(page));
    token = page.nextForwardToken;
    page = get({ limit: 2, nextToken: token });
  }
  assert.deepEqual(seen, ["line 0", "line 1", "line 2", "line 3", "line 4"]);
  assert.deepEqual(page.events, []);
});

void test("backward tokens walk towards the first event and stay there", () => {
  const get = withLines(3);
  const first = get({ limit: 2 });
  const second = get({ limit: 2, nextToken: first.nextBackwardToken });
  assert.deepEqual([messages(first), messages(second)], [["line 1", "line 2"], ["line 0"]]);
  const end = get({ limit: 2, nextToken: second.nextBackwardToken });
  assert.deepEqual([end.events, end.nextBackwardToken], [[], second.nextBackwardToken]);
});

void test("a time range leaves out what lies before its start or not before its end", () => {
  assert.deepEqual(messages(withLines(5)({ startTime: 1001, endTime: 1003 })), ["line 1", "line 2"]);
});

void test("a group or a stream that does not exist is ResourceNotFoundException", () => {
  const endpoint = new PureEndpoint();
  endpoint.logs.createStream("/g", "s", 0);
  for (const [logGroupName, logStreamName] of [
    ["/none", "s"],
    ["/g", "none"],
  ]) {
    const { status, body } = endpoint.send("GetLogEvents", { logGroupName, logStreamName }, "Logs_20140328");
    assert.deepEqual([status, body["__type"]], [400, "ResourceNotFoundException"]);
  }
});

void test("a stream keeps its newest lines within its limit, and their numbering", () => {
  const store = new LogStore(1000);
  store.createStream("/g", "s", 0);
  for (let index = 0; index < 1000; index += 1) store.append("/g", "s", index, `${index}`);
  const events = store.stream("/g", "s")?.events ?? [];
  assert.equal(events.at(-1)?.index, 999);
  assert.ok(events.length <= 1000 / 27);
  assert.ok(events.length >= 20);
});
