/** Where all ARNs of one endpoint belong. */
export interface Identity {
  readonly region: string;
  /** Twelve digits. */
  readonly accountId: string;
}

export type ResourceKind =
  "capacity-provider" | "cluster" | "container-instance" | "container" | "task" | "task-definition";

/** The partition that owns a Region: ARNs of China and GovCloud do not begin with `arn:aws:`. */
export function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

/** Long-format ARNs: `arn:aws:ecs:<region>:<account>:task/<cluster>/<id>`. */
export function ecsArn(identity: Identity, kind: ResourceKind, ...path: readonly string[]): string {
  return `arn:${partitionOf(identity.region)}:ecs:${identity.region}:${identity.accountId}:${[kind, ...path].join("/")}`;
}

/** The path below the kind of resource, or undefined if this is not an ARN of that kind. */
export function pathOfArn(arn: string, kind: ResourceKind): readonly string[] | undefined {
  const parts = arn.split(":");
  if (parts.length < 6 || parts[0] !== "arn" || parts[2] !== "ecs") return undefined;
  const [found, ...path] = parts.slice(5).join(":").split("/");
  return found === kind && path.length > 0 ? path : undefined;
}

/** What EC2 calls an address of a VPC. */
export function privateDnsName(availabilityZone: string, address: string): string {
  const region = availabilityZone.slice(0, -1);
  const domain = region === "us-east-1" ? "ec2.internal" : `${region}.compute.internal`;
  return `ip-${address.replaceAll(".", "-")}.${domain}`;
}
