import { ClusterManagerError } from "../../errors.js";
import type { ServiceError } from "./ecs-retry.js";

/** The name of the manager in events and errors. */
export const MANAGER_NAME = "ecs";

/** What was attempted, for the message of an error. */
export interface Attempted {
  /** The ECS operation, e.g. `RunTask`. */
  readonly operation: string;
  readonly ecsCluster: string;
  readonly taskDefinition: string;
  /** Where the request went, if it got that far. */
  readonly endpoint?: string;
}

/** Reads an error of the SDK, or of the network below it. */
export function serviceError(error: unknown): ServiceError {
  if (!(error instanceof Error)) return { code: "Error", message: String(error) };
  const { $metadata, code, errors } = error as Error & {
    $metadata?: { httpStatusCode?: number };
    code?: unknown;
    errors?: unknown;
  };
  // Node reports several failed addresses of one host as one error that holds the others.
  const first = Array.isArray(errors) ? (errors[0] as unknown) : undefined;
  if (typeof code !== "string" && first instanceof Error) return serviceError(first);
  const isNetwork = typeof code === "string" && /^(E[A-Z]+|EAI_[A-Z]+|ERR_[A-Z_]+)$/.test(code);
  const status = $metadata?.httpStatusCode;
  return {
    code: isNetwork ? code : error.name,
    message: error.message,
    ...(status === undefined ? {} : { status }),
  };
}

/**
 * Errors of a request's signature. Their text can repeat the signed headers, so it is replaced and the error itself
 * is not kept as the cause.
 */
const SIGNATURE_CODES =
  /^(IncompleteSignature\w*|InvalidSignatureException|SignatureDoesNotMatch|InvalidClientTokenId|UnrecognizedClientException|MissingAuthenticationToken\w*|InvalidAccessKeyId|AuthFailure)$/;

/** A `ClusterManagerError` that says what was refused and what to do about it. */
export function explain(error: unknown, attempted: Attempted): ClusterManagerError {
  if (error instanceof ClusterManagerError) return error;
  const facts = serviceError(error);
  const { saw, advice } = describe(facts, attempted);
  const message = `${attempted.operation} failed: ${saw}${advice === undefined ? "" : `; ${advice}`}`;
  const options = SIGNATURE_CODES.test(facts.code) ? undefined : { cause: error };
  return new ClusterManagerError(message, MANAGER_NAME, facts.code, options);
}

interface Explanation {
  readonly saw: string;
  readonly advice?: string;
}

function describe(facts: ServiceError, attempted: Attempted): Explanation {
  const asItIs = `${facts.code}: ${facts.message}`;
  for (const [match, explanation] of EXPLANATIONS) {
    if (match(facts)) return explanation(asItIs, attempted);
  }
  return { saw: asItIs };
}

const code =
  (...codes: string[]) =>
  (facts: ServiceError) =>
    codes.includes(facts.code);
const words = (pattern: RegExp) => (facts: ServiceError) => pattern.test(facts.message);

const EXPLANATIONS: readonly [
  (facts: ServiceError) => boolean,
  (asItIs: string, attempted: Attempted) => Explanation,
][] = [
  [
    words(/^Region is missing/),
    () => ({
      saw: "no AWS region is set",
      advice: "set AWS_REGION, or give the region (the option region of ECSManager, --region of a command)",
    }),
  ],
  [
    code("CredentialsProviderError", "CredentialsError"),
    (asItIs) => ({
      saw: `there are no usable AWS credentials (${asItIs})`,
      advice:
        "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role gives them, or give " +
        "ECSManager a client",
    }),
  ],
  [
    code("ExpiredTokenException", "ExpiredToken", "RequestExpired"),
    (asItIs) => ({ saw: asItIs, advice: "renew the AWS credentials, and check this machine's clock" }),
  ],
  [
    (facts) => SIGNATURE_CODES.test(facts.code),
    (_, { endpoint }) => ({
      saw: `ECS${endpoint === undefined ? "" : ` at ${endpoint}`} does not accept the signature of the request`,
      advice: "check the AWS credentials, the region they are meant for, and this machine's clock",
    }),
  ],
  [
    code("ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL"),
    (asItIs, { endpoint }) => ({
      saw: `the ECS endpoint${endpoint === undefined ? "" : ` ${endpoint}`} cannot be reached (${asItIs})`,
      advice: "check region and endpoint, and the network, proxy or VPC endpoint on the way to it",
    }),
  ],
  [
    code("TimeoutError", "ETIMEDOUT", "ECONNRESET", "EPIPE", "ERR_SOCKET_CONNECTION_TIMEOUT"),
    (asItIs, { endpoint }) => ({
      saw: `the ECS endpoint${endpoint === undefined ? "" : ` ${endpoint}`} does not answer (${asItIs})`,
      advice: "check region and endpoint, and the network, proxy or VPC endpoint on the way to it",
    }),
  ],
  [
    code("AccessDeniedException"),
    (asItIs, { operation }) => ({
      saw: asItIs,
      advice:
        operation === "RunTask"
          ? "the manager needs ecs:RunTask on the task definition, iam:PassRole on its roles, and ecs:TagResource if tags are set"
          : `the manager needs ecs:${operation}`,
    }),
  ],
  [
    code("ClusterNotFoundException"),
    (asItIs, { ecsCluster }) => ({
      saw: `there is no ECS cluster ${JSON.stringify(ecsCluster)} (${asItIs})`,
      advice: "check ecsCluster and the region",
    }),
  ],
  [
    (facts) => /inactive/i.test(facts.message) && /task ?definition/i.test(facts.message),
    (asItIs, { taskDefinition }) => ({
      saw: `the task definition ${JSON.stringify(taskDefinition)} has been deregistered (${asItIs})`,
      advice: "name an ACTIVE revision, or the family alone for its newest",
    }),
  ],
  [
    words(/does not support launch.?type/i),
    (asItIs, { taskDefinition }) => ({
      saw: asItIs,
      advice:
        `register a revision of ${JSON.stringify(taskDefinition)} for Fargate (npx rollcall taskdef --network fargate): ` +
        `networkMode awsvpc, and cpu and memory of the task`,
    }),
  ],
  [
    words(/task ?definition/i),
    (asItIs, { taskDefinition, operation }) =>
      operation === "DescribeTaskDefinition" || /unable to describe|not found/i.test(asItIs)
        ? {
            saw: `there is no task definition ${JSON.stringify(taskDefinition)} (${asItIs})`,
            advice: "check taskDefinition and the region, or register it",
          }
        : { saw: asItIs },
  ],
  [
    words(/no container instances were found/i),
    (asItIs, { ecsCluster }) => ({
      saw: asItIs,
      advice: `add container instances to the ECS cluster ${JSON.stringify(ecsCluster)}, or use Fargate or a capacityProviderStrategy`,
    }),
  ],
  [
    words(/capacity provider.*\bmix\b|\bmix\b.*capacity provider/i),
    (asItIs) => ({
      saw: asItIs,
      advice:
        "name in capacityProviderStrategy either FARGATE and FARGATE_SPOT, or capacity providers with instances",
    }),
  ],
  [
    words(/capacity provider.*weight/i),
    (asItIs) => ({
      saw: asItIs,
      advice: "give at least one capacity provider of capacityProviderStrategy a weight above 0",
    }),
  ],
  [
    words(/launch type and capacity provider/i),
    (asItIs) => ({ saw: asItIs, advice: "leave out launchType or capacityProviderStrategy" }),
  ],
  [
    words(/capacity provider/i),
    (asItIs, { ecsCluster }) => ({
      saw: asItIs,
      advice:
        `check the names in capacityProviderStrategy, FARGATE and FARGATE_SPOT too: each must be associated with the ` +
        `ECS cluster ${JSON.stringify(ecsCluster)} (aws ecs describe-clusters shows those that are, aws ecs ` +
        `put-cluster-capacity-providers sets them)`,
    }),
  ],
  [
    words(/no fargate configuration exists/i),
    (asItIs) => ({
      saw: asItIs,
      advice: "Fargate has only some sizes: change overrides.cpu and overrides.memory, or leave them out",
    }),
  ],
  [
    words(/placement (constraint|strateg).*(fargate|launch type)/i),
    (asItIs) => ({
      saw: asItIs,
      advice: "Fargate has no instances to choose from: leave out placementConstraints and placementStrategy",
    }),
  ],
  [
    words(/platform version must be null/i),
    (asItIs) => ({ saw: asItIs, advice: "platformVersion is for Fargate: leave it out" }),
  ],
  [
    words(/assign public ip/i),
    (asItIs) => ({
      saw: asItIs,
      advice:
        "assignPublicIp of networkConfiguration is for Fargate: leave it out; on EC2 the subnets need a NAT gateway",
    }),
  ],
  [
    words(/network ?configuration/i),
    (asItIs) => ({
      saw: asItIs,
      advice: "networkConfiguration belongs to network mode awsvpc: it is needed there and refused elsewhere",
    }),
  ],
  [
    code("BlockedException"),
    (asItIs) => ({ saw: asItIs, advice: "AWS has blocked this account; contact AWS Support" }),
  ],
  [
    code("PlatformUnknownException", "PlatformTaskDefinitionIncompatibilityException"),
    (asItIs) => ({ saw: asItIs, advice: "check platformVersion; LATEST is the default" }),
  ],
];
