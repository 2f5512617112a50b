import { BlockList, isIP } from "node:net";
import type { IpPermission, SecurityGroup } from "@aws-sdk/client-ec2";
import { formatPortRange, type PortRange } from "../../util/port-range.js";
import type { Check } from "./ecs-diagnosis.js";

/** A network interface, as the rules of security groups see it. */
export interface Endpoint {
  /** Unknown for tasks in network mode awsvpc that do not run yet. */
  readonly address?: string;
  readonly groups: readonly SecurityGroup[];
}

/** Who talks to whom in a cluster; each list has one endpoint for each that differs. */
export interface SecurityView {
  /** Undefined if the manager's network interface was not found. */
  readonly manager: Endpoint | undefined;
  readonly managerPorts: PortRange;
  readonly workers: readonly Endpoint[];
  readonly workerPorts: PortRange;
}

/** `unknown`: rules that name a prefix list, or addresses that the other end may or may not have, decide. */
type Coverage = "all" | "unknown" | "part" | "none";

interface Way {
  readonly coverage: Coverage;
  /** Which end's rules stand in the way. */
  readonly blockedBy?: "ingress" | "egress";
  readonly from: Endpoint;
  readonly to: Endpoint;
}

/** From bad to good. */
const ORDER: readonly Coverage[] = ["none", "part", "unknown", "all"];

/** Whether security groups let manager and workers reach each other, as far as their rules tell it. */
export function checkSecurityGroups(view: SecurityView): readonly Check[] {
  const { manager, workers, managerPorts, workerPorts } = view;
  const peers = worst(workers, workers, workerPorts);
  const between = describe("security groups, between workers", peers, workerPorts, {
    verdict: "warn",
    effect: "calls between workers go through the manager",
  });
  if (manager === undefined) return [between];
  return [
    describe("security groups, workers to manager", worst(workers, [manager], managerPorts), managerPorts, {
      verdict: "fail",
      effect: "no worker can report in",
    }),
    describe("security groups, manager to workers", worst([manager], workers, workerPorts), workerPorts, {
      verdict: "warn",
      effect: "workers open the connection for their calls themselves, after the manager has tried in vain",
    }),
    between,
  ];
}

/** The way that is closed most, of all from one side to the other. */
function worst(from: readonly Endpoint[], to: readonly Endpoint[], ports: PortRange): Way {
  const ways = from.flatMap((source) => to.map((target) => way(source, target, ports)));
  return ways.toSorted((one, other) => ORDER.indexOf(one.coverage) - ORDER.indexOf(other.coverage))[0]!;
}

function way(from: Endpoint, to: Endpoint, ports: PortRange): Way {
  const rulesOf = (side: "IpPermissions" | "IpPermissionsEgress", { groups }: Endpoint): IpPermission[] =>
    groups.flatMap((group) => group[side] ?? []);
  const ingress = covered(rulesOf("IpPermissions", to), from, ports);
  const egress = covered(rulesOf("IpPermissionsEgress", from), to, ports);
  const isIngress = ORDER.indexOf(ingress) <= ORDER.indexOf(egress);
  const coverage = isIngress ? ingress : egress;
  if (coverage === "all") return { coverage, from, to };
  return { coverage, blockedBy: isIngress ? "ingress" : "egress", from, to };
}

/** How much of the ports the rules open for TCP with this peer. */
function covered(rules: readonly IpPermission[], peer: Endpoint, ports: PortRange): Coverage {
  const certain: PortRange[] = [];
  const possible: PortRange[] = [];
  for (const rule of rules) {
    const opened = portsOf(rule);
    const match = opened === undefined ? "no" : matches(rule, peer);
    if (opened === undefined || match === "no") continue;
    possible.push(opened);
    if (match === "yes") certain.push(opened);
  }
  if (missing(certain, ports).length === 0) return "all";
  if (missing(possible, ports).length === 0) return "unknown";
  return possible.some(({ from, to }) => from <= ports.to && to >= ports.from) ? "part" : "none";
}

/** The TCP ports of a rule; undefined for one of another protocol. */
function portsOf({ IpProtocol, FromPort = 0, ToPort = 65_535 }: IpPermission): PortRange | undefined {
  if (IpProtocol === "-1") return { from: 0, to: 65_535 };
  return IpProtocol === "tcp" || IpProtocol === "6" ? { from: FromPort, to: ToPort } : undefined;
}

function matches(rule: IpPermission, { address, groups }: Endpoint): "yes" | "maybe" | "no" {
  const ids = new Set(groups.map(({ GroupId }) => GroupId));
  if ((rule.UserIdGroupPairs ?? []).some(({ GroupId }) => ids.has(GroupId))) return "yes";
  const ranges = [
    ...(rule.IpRanges ?? []).map(({ CidrIp }) => CidrIp),
    ...(rule.Ipv6Ranges ?? []).map(({ CidrIpv6 }) => CidrIpv6),
  ].filter((range) => range !== undefined);
  if (ranges.some((range) => holds(range, address))) return "yes";
  const isOpen = address === undefined && ranges.length > 0;
  return isOpen || (rule.PrefixListIds ?? []).length > 0 ? "maybe" : "no";
}

/** Whether the addresses of a range (`10.0.0.0/16`) have this one among them, or are all there are. */
function holds(range: string, address: string | undefined): boolean {
  const [net = "", bits = ""] = range.split("/");
  if (address === undefined) return bits === "0" && isIP(net) === 4;
  if (isIP(net) !== isIP(address)) return false;
  const list = new BlockList();
  list.addSubnet(net, Number(bits), isIP(net) === 4 ? "ipv4" : "ipv6");
  return list.check(address, isIP(net) === 4 ? "ipv4" : "ipv6");
}

/** What of the ports is in none of the ranges. */
function missing(ranges: readonly PortRange[], ports: PortRange): readonly PortRange[] {
  return ranges.reduce<readonly PortRange[]>(
    (left, { from, to }) =>
      left.flatMap((gap) => [
        ...(gap.from < from ? [{ from: gap.from, to: Math.min(gap.to, from - 1) }] : []),
        ...(gap.to > to ? [{ from: Math.max(gap.from, to + 1), to: gap.to }] : []),
      ]),
    [ports],
  );
}

function describe(
  name: string,
  { coverage, blockedBy, from, to }: Way,
  ports: PortRange,
  otherwise: { readonly verdict: "fail" | "warn"; readonly effect: string },
): Check {
  const range = formatPortRange(ports);
  const [sources, targets] = [ids(from), ids(to)];
  if (coverage === "all")
    return { name, verdict: "ok", seen: `${targets} lets ${sources} in on TCP ${range}` };
  const [holder, other] = blockedBy === "ingress" ? [targets, sources] : [sources, targets];
  const what = blockedBy === "ingress" ? `in from ${other}` : `out to ${other}`;
  if (coverage === "unknown") {
    return {
      name,
      verdict: "skip",
      seen: `whether ${holder} lets TCP ${range} ${what} depends on addresses that are not known here`,
    };
  }
  const amount = coverage === "none" ? "no" : "only some";
  const rule =
    blockedBy === "ingress"
      ? `authorize-security-group-ingress --group-id ${first(to)} --protocol tcp --port ${range} --source-group ${first(from)}`
      : `authorize-security-group-egress --group-id ${first(from)} --ip-permissions ` +
        `IpProtocol=tcp,FromPort=${ports.from},ToPort=${ports.to},UserIdGroupPairs=[{GroupId=${first(to)}}]`;
  return {
    name,
    // Of a range of ports some may do.
    verdict: coverage === "none" ? otherwise.verdict : "warn",
    seen: `${holder} lets ${amount} port of TCP ${range} ${what}: ${otherwise.effect}`,
    advice: `aws ec2 ${rule}`,
  };
}

function ids({ groups }: Endpoint): string {
  return groups.map(({ GroupId }) => GroupId).join(" + ");
}

function first({ groups }: Endpoint): string {
  return groups[0]?.GroupId ?? "";
}
