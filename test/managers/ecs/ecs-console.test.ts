import assert from "node:assert/strict";
import { test } from "node:test";
import { consoleLinks } from "#dist/managers/ecs/ecs-console.js";

const id = "0123456789abcdef0123456789abcdef";
const arn = (partition: string, resource: string, region = "eu-central-1") =>
  `arn:${partition}:ecs:${region}:123456789012:${resource}`;

void test("a task leads to its page, and to its stream of output", () => {
  const logs = { group: "/ecs/work", streamPrefix: "rollcall", containerName: "w" };
  assert.deepEqual(consoleLinks(arn("aws", `task/prod/${id}`), "default", logs), [
    {
      title: "task",
      url: `https://eu-central-1.console.aws.amazon.com/ecs/v2/clusters/prod/tasks/${id}/configuration?region=eu-central-1`,
    },
    {
      title: "logs",
      url:
        "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1" +
        `#logsV2:log-groups/log-group/$252Fecs$252Fwork/log-events/rollcall$252Fw$252F${id}`,
    },
  ]);
});

void test("output in another region is looked for there", () => {
  const logs = { group: "g", streamPrefix: "p", containerName: "w", region: "us-west-2" };
  const [, link] = consoleLinks(arn("aws", `task/prod/${id}`), "prod", logs);
  assert.match(link?.url ?? "", /^https:\/\/us-west-2\.console.*region=us-west-2#/);
});

void test("the old short form of an ARN takes the ECS cluster from the options", () => {
  for (const cluster of ["prod", arn("aws", "cluster/prod")]) {
    const [link] = consoleLinks(arn("aws", `task/${id}`), cluster);
    assert.match(link?.url ?? "", /clusters\/prod\/tasks\/0123/);
  }
});

for (const [partition, host] of [
  ["aws-cn", "cn-north-1.console.amazonaws.cn"],
  ["aws-us-gov", "us-gov-west-1.console.amazonaws-us-gov.com"],
] as const) {
  void test(`the console of ${partition} is another one`, () => {
    const region = host.split(".")[0] ?? "";
    const [link] = consoleLinks(arn(partition, `task/prod/${id}`, region), "prod");
    assert.equal(new URL(link?.url ?? "").host, host);
  });
}

for (const given of [
  "",
  "0123",
  arn("aws-iso", `task/c/${id}`),
  arn("aws", "service/x"),
  arn("aws", "task"),
]) {
  void test(`no page is made up for "${given}"`, () => assert.deepEqual(consoleLinks(given, "c"), []));
}
