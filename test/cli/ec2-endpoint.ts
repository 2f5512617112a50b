import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { IpPermission } from "@aws-sdk/client-ec2";

export interface Interface {
  readonly address: string;
  readonly groups: readonly string[];
  /** Of the instance that it belongs to. */
  readonly instanceId: string;
  readonly vpc?: string;
}

/** Rules by the ids of their groups. */
export interface Rules {
  readonly ingress?: readonly IpPermission[];
  /** Default: everything may go out, as in a new group. */
  readonly egress?: readonly IpPermission[];
}

const EVERYTHING: readonly IpPermission[] = [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }];

/** The two operations of EC2 that the doctor uses, on a port of loopback (Amazon EC2 API reference, query protocol). */
export class EC2Endpoint implements AsyncDisposable {
  /** Answered to everything in the place of what it has, if set. */
  refusal: string | undefined;

  private constructor(
    private readonly server: Server,
    private readonly interfaces: readonly Interface[],
    private readonly groups: Readonly<Record<string, Rules>>,
  ) {}

  static async start(
    interfaces: readonly Interface[],
    groups: Readonly<Record<string, Rules>>,
  ): Promise<EC2Endpoint> {
    const endpoint = new EC2Endpoint(createServer(), interfaces, groups);
    endpoint.server.on("request", (request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => (body += text));
      request.on("end", () => {
        const { status, text } = endpoint.#answer(new URLSearchParams(body));
        response.writeHead(status, { "content-type": "text/xml" }).end(text);
      });
    });
    endpoint.server.listen(0, "127.0.0.1");
    await once(endpoint.server, "listening");
    return endpoint;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }

  #answer(query: URLSearchParams): { readonly status: number; readonly text: string } {
    if (this.refusal !== undefined) return refused(this.refusal, "You are not authorized.");
    if (query.get("Action") === "DescribeNetworkInterfaces") {
      const found = this.interfaces.filter((each) => filters(query).every((filter) => passes(each, filter)));
      return { status: 200, text: xml("DescribeNetworkInterfacesResponse", interfaceSet(found)) };
    }
    const ids = listed(query, "GroupId");
    const missing = ids.find((id) => !(id in this.groups));
    if (missing !== undefined) {
      return refused("InvalidGroup.NotFound", `The security group '${missing}' does not exist`);
    }
    const items = ids.map((id) => groupItem(id, this.groups[id] ?? {})).join("");
    return {
      status: 200,
      text: xml("DescribeSecurityGroupsResponse", `<securityGroupInfo>${items}</securityGroupInfo>`),
    };
  }
}

interface Filter {
  readonly name: string;
  readonly values: readonly string[];
}

function filters(query: URLSearchParams): readonly Filter[] {
  return listed(query, "Filter", ".Name").map((name, index) => ({
    name,
    values: listed(query, `Filter.${index + 1}.Value`),
  }));
}

function listed(query: URLSearchParams, prefix: string, suffix = ""): readonly string[] {
  const values: string[] = [];
  for (let n = 1; query.has(`${prefix}.${n}${suffix}`); n++)
    values.push(query.get(`${prefix}.${n}${suffix}`) ?? "");
  return values;
}

function passes({ address, instanceId, vpc = "vpc-1" }: Interface, { name, values }: Filter): boolean {
  const has: Readonly<Record<string, string>> = {
    "addresses.private-ip-address": address,
    "attachment.instance-id": instanceId,
    "attachment.device-index": "0",
    "vpc-id": vpc,
  };
  return values.includes(has[name] ?? "");
}

function interfaceSet(interfaces: readonly Interface[]): string {
  const items = interfaces.map(({ address, groups, vpc = "vpc-1" }) => {
    const groupSet = groups.map((id) => `<item><groupId>${id}</groupId></item>`).join("");
    return (
      `<item><privateIpAddress>${address}</privateIpAddress><subnetId>subnet-1</subnetId><vpcId>${vpc}</vpcId>` +
      `<groupSet>${groupSet}</groupSet></item>`
    );
  });
  return `<networkInterfaceSet>${items.join("")}</networkInterfaceSet>`;
}

function groupItem(id: string, { ingress = [], egress = EVERYTHING }: Rules): string {
  return (
    `<item><groupId>${id}</groupId><vpcId>vpc-1</vpcId><ipPermissions>${ingress.map(rule).join("")}</ipPermissions>` +
    `<ipPermissionsEgress>${egress.map(rule).join("")}</ipPermissionsEgress></item>`
  );
}

function rule(permission: IpPermission): string {
  const {
    IpProtocol,
    FromPort,
    ToPort,
    UserIdGroupPairs = [],
    IpRanges = [],
    PrefixListIds = [],
  } = permission;
  const port = (name: string, value: number | undefined): string =>
    value === undefined ? "" : `<${name}>${value}</${name}>`;
  const items = (name: string, tag: string, values: readonly (string | undefined)[]): string =>
    `<${name}>${values.map((value) => `<item><${tag}>${value}</${tag}></item>`).join("")}</${name}>`;
  return (
    `<item><ipProtocol>${IpProtocol}</ipProtocol>${port("fromPort", FromPort)}${port("toPort", ToPort)}` +
    items(
      "groups",
      "groupId",
      UserIdGroupPairs.map(({ GroupId }) => GroupId),
    ) +
    items(
      "ipRanges",
      "cidrIp",
      IpRanges.map(({ CidrIp }) => CidrIp),
    ) +
    items(
      "prefixListIds",
      "prefixListId",
      PrefixListIds.map(({ PrefixListId }) => PrefixListId),
    ) +
    "</item>"
  );
}

function xml(root: string, content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><${root} xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId>${content}</${root}>`;
}

function refused(code: string, message: string): { readonly status: number; readonly text: string } {
  const error = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return {
    status: 403,
    text: `<?xml version="1.0" encoding="UTF-8"?><Response><Errors>${error}</Errors><RequestID>1</RequestID></Response>`,
  };
}
