import assert from "node:assert/strict";
import { test } from "node:test";
import type { IpPermission } from "@aws-sdk/client-ec2";
import { Platform } from "../managers/ecs/launching.js";
import { EC2Endpoint, type Rules } from "./ec2-endpoint.js";
import { endpointVariables, rollcall } from "./run-cli.js";

interface Found {
  readonly name: string;
  readonly verdict: string;
  readonly seen: string;
  readonly advice?: string;
}

const MANAGER = "10.0.0.5";
const FIRST = "i-0123456789abcde01";
const SECOND = "i-0123456789abcde02";
const interfaces = [
  { address: MANAGER, groups: ["sg-manager"], instanceId: "i-manager" },
  { address: "10.0.0.6", groups: ["sg-worker"], instanceId: FIRST },
  { address: "10.0.0.7", groups: ["sg-worker"], instanceId: SECOND },
];
const workersMayComeIn = tcp(32_768, 60_999, { UserIdGroupPairs: [{ GroupId: "sg-worker" }] });

function tcp(FromPort: number, ToPort: number, source: Partial<IpPermission>): IpPermission {
  return { IpProtocol: "tcp", FromPort, ToPort, ...source };
}

async function findings(
  platform: Platform,
  ec2: EC2Endpoint,
  ...args: string[]
): Promise<{ readonly code: number | null; readonly found: readonly Found[] }> {
  const { code, stdout, stderr } = await rollcall(
    ["doctor", "--json", "--task-definition", "worker", ...args],
    {
      ...endpointVariables(platform.local),
      AWS_ENDPOINT_URL_EC2: ec2.url,
      ROLLCALL_ADVERTISE_HOST: MANAGER,
    },
  );
  assert.equal(stderr, "");
  const found = (JSON.parse(stdout) as Found[]).filter(({ name }) => name.startsWith("security groups"));
  return { code, found };
}

async function start(groups: Readonly<Record<string, Rules>>) {
  const platform = await Platform.start({ instances: [{ ec2InstanceId: FIRST }, { ec2InstanceId: SECOND }] });
  return { platform, ec2: await EC2Endpoint.start(interfaces, groups) };
}

void test("security groups that let all ways be are fine", async () => {
  const own = [tcp(0, 65_535, { IpRanges: [{ CidrIp: "10.0.0.0/16" }] })];
  const made = await start({ "sg-manager": { ingress: own }, "sg-worker": { ingress: own } });
  await using platform = made.platform;
  await using ec2 = made.ec2;
  await platform.register();
  const { code, found } = await findings(platform, ec2);
  assert.deepEqual(
    found.map(({ name, verdict }) => [name, verdict]),
    [
      ["security groups, workers to manager", "ok"],
      ["security groups, manager to workers", "ok"],
      ["security groups, between workers", "ok"],
    ],
  );
  assert.equal(code, 0);
});

void test("a manager that no worker can reach is a failure, with the command that opens it", async () => {
  const made = await start({
    "sg-manager": {},
    "sg-worker": { ingress: [tcp(22, 22, { IpRanges: [{ CidrIp: "0.0.0.0/0" }] })] },
  });
  await using platform = made.platform;
  await using ec2 = made.ec2;
  await platform.register();
  const { code, found } = await findings(platform, ec2, "--rendezvous-port", "7000-7009");
  assert.deepEqual(found[0], {
    name: "security groups, workers to manager",
    verdict: "fail",
    seen: "sg-manager lets no port of TCP 7000-7009 in from sg-worker: no worker can report in",
    advice:
      "aws ec2 authorize-security-group-ingress --group-id sg-manager --protocol tcp --port 7000-7009 --source-group sg-worker",
  });
  assert.deepEqual(
    found.slice(1).map(({ verdict }) => verdict),
    ["warn", "warn"],
  );
  assert.match(found[2]?.seen ?? "", /calls between workers go through the manager/);
  assert.equal(code, 1);
});

void test("in network mode awsvpc the groups are those that are given", async () => {
  const made = await start({ "sg-manager": { ingress: [workersMayComeIn] }, "sg-worker": {} });
  await using platform = made.platform;
  await using ec2 = made.ec2;
  await platform.register({}, { networkMode: "awsvpc" });
  const without = await findings(platform, ec2);
  assert.deepEqual(
    without.found.map(({ verdict, advice }) => [verdict, advice]),
    [["skip", "give them as --security-groups sg-1,sg-2"]],
  );
  const { found } = await findings(platform, ec2, "--security-groups", "sg-worker");
  assert.deepEqual(
    found.map(({ verdict }) => verdict),
    ["ok", "warn", "warn"],
  );
  const unknown = await findings(platform, ec2, "--security-groups", "sg-nobody");
  assert.deepEqual([unknown.code, unknown.found[0]?.verdict], [1, "fail"]);
  assert.match(unknown.found[0]?.seen ?? "", /InvalidGroup.NotFound: .*sg-nobody/);
});

void test("what EC2 does not tell is no failure", async () => {
  const made = await start({});
  await using platform = made.platform;
  await using ec2 = made.ec2;
  await platform.register();
  ec2.refusal = "UnauthorizedOperation";
  const { code, found } = await findings(platform, ec2);
  assert.deepEqual([code, found.map(({ verdict }) => verdict)], [0, ["skip"]]);
  assert.match(found[0]?.seen ?? "", /UnauthorizedOperation/);
  assert.match(found[0]?.advice ?? "", /rollcall iam --doctor/);
});
