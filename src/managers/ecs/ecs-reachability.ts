import type { NetworkInterface, SecurityGroup } from "@aws-sdk/client-ec2";
import type { ECSClient, TaskDefinition } from "@aws-sdk/client-ecs";
import { isRecord } from "../../util/option-checks.js";
import type { PortRange } from "../../util/port-range.js";
import { EC2Network } from "./ec2-network.js";
import type { Check } from "./ecs-diagnosis.js";
import { checkSecurityGroups, type Endpoint } from "./ecs-security-groups.js";

/** What Linux gives to who asks for any free port, unless it is set otherwise. */
const EPHEMERAL: PortRange = { from: 32_768, to: 60_999 };

export interface ReachabilityOptions {
  readonly networkMode: TaskDefinition["networkMode"];
  /** Those of networkConfiguration, for network mode awsvpc. */
  readonly securityGroups: readonly string[];
  /** EC2's ids of the container instances. */
  readonly instanceIds: readonly string[];
  /** As workers dial it. */
  readonly managerAddress: string | undefined;
  /** `rendezvous.port`, if it is set. */
  readonly managerPorts: PortRange | undefined;
  /** `network.ports`, if they are set. */
  readonly workerPorts: PortRange | undefined;
}

const name = "security groups";

/** Looks at the security groups of manager and workers, with calls that only read. What EC2 refuses is a finding. */
export async function examineReachability(
  ecs: ECSClient,
  options: ReachabilityOptions,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const { networkMode, securityGroups, instanceIds } = options;
  const skipped = (seen: string, advice: string): readonly Check[] => [
    { name, verdict: "skip", seen, advice },
  ];
  if (networkMode === "awsvpc" && securityGroups.length === 0) {
    return skipped(
      "which ones the tasks will have stands in networkConfiguration",
      "give them as --security-groups sg-1,sg-2",
    );
  }
  if (networkMode !== "awsvpc" && instanceIds.length === 0) {
    return skipped(
      "there are no container instances that have any",
      "look again when there are container instances",
    );
  }
  using ec2 = await EC2Network.open(ecs, signal);
  if (ec2 === undefined) {
    return skipped(
      "to look at them takes the package @aws-sdk/client-ec2, which is not installed",
      "npm install @aws-sdk/client-ec2",
    );
  }
  try {
    return await look(ec2, options);
  } catch (error) {
    signal.throwIfAborted();
    const code = isRecord(error) ? String(error["name"]) : "";
    const seen = `EC2 does not tell: ${code}: ${error instanceof Error ? error.message : String(error)}`;
    if (code.startsWith("InvalidGroup")) {
      return [{ name, verdict: "fail", seen, advice: "check --security-groups and --region" }];
    }
    return skipped(
      seen,
      "the right to ec2:DescribeNetworkInterfaces and ec2:DescribeSecurityGroups is in what rollcall iam --doctor prints",
    );
  }
}

async function look(ec2: EC2Network, options: ReachabilityOptions): Promise<readonly Check[]> {
  const { managerAddress, networkMode, securityGroups, instanceIds } = options;
  const isOwn = networkMode === "awsvpc";
  const interfaces = isOwn ? [] : alike(await ec2.ofInstances(instanceIds));
  const given = isOwn ? await ec2.groups(securityGroups) : [];
  const vpcIds = [...new Set([...interfaces, ...given].map(({ VpcId }) => VpcId ?? ""))];
  if (vpcIds.length === 0) {
    return [{ name, verdict: "skip", seen: "EC2 does not know the container instances" }];
  }
  const own = managerAddress === undefined ? undefined : await ec2.at(managerAddress, vpcIds);
  const wanted = [...interfaces, ...(own === undefined ? [] : [own])].flatMap(groupIds);
  const known = new Map<string | undefined, SecurityGroup>(given.map((group) => [group.GroupId, group]));
  const others = [...new Set(wanted)].filter((id) => !known.has(id));
  for (const group of others.length === 0 ? [] : await ec2.groups(others)) known.set(group.GroupId, group);
  const endpoint = (found: NetworkInterface): Endpoint => ({
    address: found.PrivateIpAddress ?? found.Ipv6Addresses?.[0]?.Ipv6Address ?? "",
    groups: groupIds(found).flatMap((id) => known.get(id) ?? []),
  });
  const checks = checkSecurityGroups({
    manager: own === undefined ? undefined : endpoint(own),
    managerPorts: options.managerPorts ?? EPHEMERAL,
    workers: isOwn ? [{ groups: given }] : interfaces.map(endpoint),
    workerPorts: options.workerPorts ?? EPHEMERAL,
  });
  return own === undefined ? [notFound(managerAddress, vpcIds), ...checks] : checks;
}

function notFound(address: string | undefined, vpcIds: readonly string[]): Check {
  return {
    name: "security groups, manager",
    verdict: "skip",
    seen: `no network interface in ${vpcIds.join(", ")} has the address ${address ?? "of this machine"}`,
    advice:
      "look from where the manager will run, or set ROLLCALL_ADVERTISE_HOST to its address; elsewhere see to it that " +
      "workers can dial it",
  };
}

/** One for each subnet and set of groups: to rules that name groups or networks, the others are the same. */
function alike(interfaces: readonly NetworkInterface[]): readonly NetworkInterface[] {
  const key = (found: NetworkInterface): string =>
    `${found.SubnetId} ${groupIds(found).toSorted().join(" ")}`;
  return [...new Map(interfaces.map((found) => [key(found), found])).values()];
}

function groupIds({ Groups = [] }: NetworkInterface): string[] {
  return Groups.flatMap(({ GroupId }) => GroupId ?? []);
}
