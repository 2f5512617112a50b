import type * as EC2Package from "@aws-sdk/client-ec2";
import type { EC2Client, Filter, NetworkInterface, SecurityGroup } from "@aws-sdk/client-ec2";
import type { ECSClient } from "@aws-sdk/client-ecs";
import { CONNECT_MS, isMissingModule } from "./ecs-connection.js";

/** All that is asked of EC2 may take this long. */
const LIMIT_MS = 20_000;
/** Values of one filter (Amazon EC2 API reference, "Filter"). */
const VALUES_PER_FILTER = 200;

/** What EC2 knows of networks, by calls that only read. Owns its client. */
export class EC2Network implements Disposable {
  readonly #abortSignal: AbortSignal;

  private constructor(
    private readonly sdk: typeof EC2Package,
    private readonly client: EC2Client,
    signal: AbortSignal,
  ) {
    this.#abortSignal = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
  }

  /** With the region and the credentials of a client for ECS; undefined if the package is not installed. */
  static async open(ecs: ECSClient, signal: AbortSignal): Promise<EC2Network | undefined> {
    const sdk = await import("@aws-sdk/client-ec2").catch((error: unknown) => {
      if (isMissingModule(error)) return undefined;
      throw error;
    });
    if (sdk === undefined) return undefined;
    const { region, credentials } = ecs.config;
    const requestHandler = { connectionTimeout: CONNECT_MS };
    return new EC2Network(sdk, new sdk.EC2Client({ region, credentials, requestHandler }), signal);
  }

  /** The first network interface of each of these instances. */
  async ofInstances(instanceIds: readonly string[]): Promise<readonly NetworkInterface[]> {
    const found: NetworkInterface[] = [];
    for (let start = 0; start < instanceIds.length; start += VALUES_PER_FILTER) {
      const Values = instanceIds.slice(start, start + VALUES_PER_FILTER);
      const filters = [
        { Name: "attachment.instance-id", Values },
        { Name: "attachment.device-index", Values: ["0"] },
      ];
      found.push(...(await this.#interfaces(filters)));
    }
    return found;
  }

  /** The network interface with this private address in one of these VPCs, if there is just one. */
  async at(address: string, vpcIds: readonly string[]): Promise<NetworkInterface | undefined> {
    const name = address.includes(":") ? "ipv6-addresses.ipv6-address" : "addresses.private-ip-address";
    const filters = [
      { Name: name, Values: [address] },
      { Name: "vpc-id", Values: [...vpcIds] },
    ];
    const found = await this.#interfaces(filters);
    return found.length === 1 ? found[0] : undefined;
  }

  async groups(ids: readonly string[]): Promise<readonly SecurityGroup[]> {
    const command = new this.sdk.DescribeSecurityGroupsCommand({ GroupIds: [...ids] });
    const answer = await this.client.send(command, { abortSignal: this.#abortSignal });
    return answer.SecurityGroups ?? [];
  }

  [Symbol.dispose](): void {
    this.client.destroy();
  }

  async #interfaces(Filters: Filter[]): Promise<readonly NetworkInterface[]> {
    const found: NetworkInterface[] = [];
    let NextToken: string | undefined;
    do {
      const command = new this.sdk.DescribeNetworkInterfacesCommand({ Filters, NextToken });
      const page = await this.client.send(command, { abortSignal: this.#abortSignal });
      found.push(...(page.NetworkInterfaces ?? []));
      NextToken = page.NextToken;
    } while (NextToken !== undefined && NextToken !== "");
    return found;
  }
}
