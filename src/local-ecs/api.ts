/** AWS JSON 1.1 without its sockets: one request in, one answer and its effects out. */
import { ServiceError } from "./errors.js";
import type { RequestFault } from "./faults.js";
import type { OperationContext } from "./operations/operation.js";
import { OPERATIONS } from "./operations/operation-table.js";
import type { TaskEffect } from "./task-lifecycle.js";
import { isJsonObject, type JsonObject } from "./validation.js";

export interface ApiRequest {
  /** `<service>.<operation>`, from the header `X-Amz-Target`. */
  readonly target: string | undefined;
  /** The header `Authorization`. Its presence is required and its signature not looked at. */
  readonly authorization: string | undefined;
  readonly body: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: JsonObject;
  readonly effects: readonly TaskEffect[];
  /** The answer must not be sent: the connection is cut instead. */
  readonly isCut: boolean;
}

export function answer(context: OperationContext, request: ApiRequest): ApiAnswer {
  try {
    return answerOrThrow(context, request);
  } catch (error) {
    return { ...errorAnswer(error), effects: [], isCut: false };
  }
}

function answerOrThrow(context: OperationContext, request: ApiRequest): ApiAnswer {
  if (request.authorization === undefined)
    throw new ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token");
  const operationName = request.target?.split(".")[1] ?? "";
  const operation = OPERATIONS.get(request.target ?? "");
  if (operation === undefined) {
    throw new ServiceError(
      "UnknownOperationException",
      `This local endpoint does not know the operation "${request.target ?? ""}".`,
    );
  }
  const fault = context.faults.takeForRequest(operationName);
  if (fault === "throttle") throw new ServiceError("ThrottlingException", "Rate exceeded");
  if (fault === "fail") throw serverError();
  const { response, effects = [] } = operation(context, parseBody(request.body));
  return { ...lostAnswer(fault, response), effects, isCut: fault === "cut-connection" };
}

function lostAnswer(
  fault: RequestFault | undefined,
  response: JsonObject,
): { status: number; body: JsonObject } {
  return fault === "lose-answer" ? errorAnswer(serverError()) : { status: 200, body: response };
}

function serverError(): ServiceError {
  return new ServiceError("ServerException", "Service Unavailable. Please try again later.", 500);
}

function errorAnswer(error: unknown): { status: number; body: JsonObject } {
  if (error instanceof ServiceError) {
    return { status: error.status, body: { __type: error.code, message: error.message, ...error.details } };
  }
  return { status: 500, body: { __type: "InternalFailure", message: String(error) } };
}

function parseBody(body: string): JsonObject {
  let parsed: unknown;
  try {
    parsed = body === "" ? {} : JSON.parse(body);
  } catch {
    throw new ServiceError("SerializationException", "The request body is not JSON.");
  }
  if (!isJsonObject(parsed))
    throw new ServiceError("SerializationException", "The request body is not a structure.");
  return parsed;
}
