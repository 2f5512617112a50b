import assert from "node:assert/strict";
import { test } from "node:test";
import type { IpPermission } from "@aws-sdk/client-ec2";
import { checkSecurityGroups, type Endpoint } from "#dist/managers/ecs/ecs-security-groups.js";

const ports = { from: 7000, to: 7009 };
const open: readonly IpPermission[] = [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }];

function endpoint(
  id: string,
  address: string | undefined,
  ingress: readonly IpPermission[],
  egress: readonly IpPermission[] = open,
): Endpoint {
  const groups = [{ GroupId: id, IpPermissions: [...ingress], IpPermissionsEgress: [...egress] }];
  return address === undefined ? { groups } : { address, groups };
}

/** How workers reach a manager whose group has these rules. */
function toManager(
  ingress: readonly IpPermission[],
  workers: readonly Endpoint[] = [endpoint("sg-w", "10.0.0.6", [])],
): { readonly verdict: string; readonly seen: string; readonly advice?: string } {
  const manager = endpoint("sg-m", "10.0.0.5", ingress);
  const [check] = checkSecurityGroups({ manager, managerPorts: ports, workers, workerPorts: ports });
  return check ?? assert.fail();
}

const rows: readonly [what: string, rule: IpPermission, verdict: string][] = [
  [
    "a group",
    { IpProtocol: "tcp", FromPort: 7000, ToPort: 7009, UserIdGroupPairs: [{ GroupId: "sg-w" }] },
    "ok",
  ],
  [
    "a network that holds the address",
    { IpProtocol: "tcp", FromPort: 0, ToPort: 65_535, IpRanges: [{ CidrIp: "10.0.0.0/24" }] },
    "ok",
  ],
  ["all protocols", { IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }, "ok"],
  ["another network", { IpProtocol: "-1", IpRanges: [{ CidrIp: "10.0.1.0/24" }] }, "fail"],
  ["another group", { IpProtocol: "-1", UserIdGroupPairs: [{ GroupId: "sg-x" }] }, "fail"],
  [
    "another protocol",
    { IpProtocol: "udp", FromPort: 0, ToPort: 65_535, IpRanges: [{ CidrIp: "0.0.0.0/0" }] },
    "fail",
  ],
  ["networks of the other kind of address", { IpProtocol: "-1", Ipv6Ranges: [{ CidrIpv6: "::/0" }] }, "fail"],
  [
    "other ports",
    { IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: "0.0.0.0/0" }] },
    "fail",
  ],
  [
    "some of the ports",
    { IpProtocol: "tcp", FromPort: 7005, ToPort: 8000, IpRanges: [{ CidrIp: "0.0.0.0/0" }] },
    "warn",
  ],
  ["a prefix list", { IpProtocol: "-1", PrefixListIds: [{ PrefixListId: "pl-1" }] }, "skip"],
];
for (const [what, rule, verdict] of rows) {
  void test(`to a rule for ${what} the way to the manager is: ${verdict}`, () => {
    assert.equal(toManager([rule]).verdict, verdict);
  });
}

void test("rules of several groups make one range of ports", () => {
  const part = (FromPort: number, ToPort: number): IpPermission => ({
    IpProtocol: "tcp",
    FromPort,
    ToPort,
    UserIdGroupPairs: [{ GroupId: "sg-w" }],
  });
  assert.equal(toManager([part(7006, 7009), part(7000, 7005)]).verdict, "ok");
  assert.equal(toManager([part(7007, 7009), part(7000, 7005)]).verdict, "warn");
});

void test("of several workers the one that is worst off counts", () => {
  const rule: IpPermission = { IpProtocol: "-1", UserIdGroupPairs: [{ GroupId: "sg-w" }] };
  const check = toManager([rule], [endpoint("sg-w", "10.0.0.6", []), endpoint("sg-v", "10.0.0.7", [])]);
  assert.equal(check.verdict, "fail");
  assert.match(check.seen, /from sg-v/);
});

void test("what a group does not let out is told with the command for that", () => {
  const shut = endpoint("sg-w", "10.0.0.6", [], []);
  const check = toManager(open, [shut]);
  assert.deepEqual(check, {
    name: "security groups, workers to manager",
    verdict: "fail",
    seen: "sg-w lets no port of TCP 7000-7009 out to sg-m: no worker can report in",
    advice:
      "aws ec2 authorize-security-group-egress --group-id sg-w --ip-permissions " +
      "IpProtocol=tcp,FromPort=7000,ToPort=7009,UserIdGroupPairs=[{GroupId=sg-m}]",
  });
});

void test("rules for networks cannot be judged of workers without an address, unless they are for all", () => {
  const subnet: IpPermission = { IpProtocol: "-1", IpRanges: [{ CidrIp: "10.0.0.0/16" }] };
  assert.equal(toManager([subnet], [endpoint("sg-w", undefined, [])]).verdict, "skip");
  assert.equal(toManager(open, [endpoint("sg-w", undefined, [])]).verdict, "ok");
});
