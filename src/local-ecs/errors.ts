/** Error names of the ECS and CloudWatch Logs APIs that this endpoint uses (ECS API Reference, "Errors" of each action). */
export type ServiceErrorCode =
  | "ClientException"
  | "ClusterContainsContainerInstancesException"
  | "ClusterContainsTasksException"
  | "ClusterNotFoundException"
  | "ConflictException"
  | "InternalFailure"
  | "InvalidParameterException"
  | "MissingAuthenticationTokenException"
  | "PlatformUnknownException"
  | "ResourceInUseException"
  | "ResourceNotFoundException"
  | "SerializationException"
  | "ServerException"
  | "ServiceNotFoundException"
  | "ServiceUnavailable"
  | "ThrottlingException"
  | "UnknownOperationException"
  | "UnsupportedFeatureException";

/** What a request is refused with; `server.ts` puts it on the wire as AWS JSON 1.1 wants it. */
export class ServiceError extends Error {
  constructor(
    readonly code: ServiceErrorCode,
    message: string,
    /** HTTP status: 400 when the caller is to blame, 5xx otherwise. */
    readonly status = 400,
    /** Further members of the error's structure, e.g. `resourceIds`. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }

  static {
    Object.defineProperty(ServiceError.prototype, "name", { value: "ServiceError" });
  }
}
