import type * as ECSPackage from "@aws-sdk/client-ecs";
import type { ECSClient } from "@aws-sdk/client-ecs";
import { ClusterManagerError } from "../../errors.js";
import { isRecord } from "../../util/option-checks.js";
import { abortable } from "../../util/time-limit.js";
import { MANAGER_NAME } from "./ecs-errors.js";
import type { ECSSettings } from "./ecs-settings.js";

type SDK = typeof ECSPackage;
export type Send<T> = (
  loaded: { readonly sdk: SDK; readonly client: ECSClient },
  options: { readonly abortSignal: AbortSignal },
) => Promise<T>;

/**
 * One attempt may take this long, finding credentials included: the SDK's own chain can wait for an instance metadata
 * service that is not there.
 */
const ATTEMPT_MS = 10_000;
export const CONNECT_MS = 3000;

/** Which ECS to talk to. */
export type ConnectionSettings = Pick<ECSSettings, "client" | "region" | "endpoint">;

/** Owns the SDK's client, unless the user gave one. The SDK is an optional package and loaded with the first call. */
export class ECSConnection {
  readonly #settings: ConnectionSettings;
  #loaded: Promise<{ sdk: SDK; client: ECSClient }> | undefined;
  #endpoint: URL | undefined;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
  }

  /** Where requests really go, whatever set it; known once `noteEndpoint` has seen one. */
  get endpoint(): URL | undefined {
    return this.#endpoint;
  }

  /** Whether requests go to AWS itself, as far as is known, and not to an endpoint that stands for it. */
  get isAWS(): boolean {
    const host = this.#endpoint?.hostname;
    return host === undefined || /\.(amazonaws\.com(\.cn)?|api\.aws)$/.test(host);
  }

  /** Reads the address of a request that the SDK is about to send, after every way in which it can learn one. */
  noteEndpoint(request: unknown): void {
    this.#endpoint = requestOrigin(request);
  }

  client(): Promise<ECSClient> {
    return this.#load().then(({ client }) => client);
  }

  /** One attempt of ours; errors are those of the SDK. */
  async call<T>(signal: AbortSignal, send: Send<T>, limitMs = ATTEMPT_MS): Promise<T> {
    signal.throwIfAborted();
    const loaded = await this.#load();
    const limit = AbortSignal.timeout(limitMs);
    const abortSignal = AbortSignal.any([signal, limit]);
    try {
      return await abortable(send(loaded, { abortSignal }), abortSignal);
    } catch (error) {
      signal.throwIfAborted();
      if (!limit.aborted) throw error;
      throw Object.assign(new Error(`no answer within ${limitMs / 1000} s`, { cause: error }), {
        name: "TimeoutError",
      });
    }
  }

  /** Closes idle connections; a later call opens new ones. */
  async close(): Promise<void> {
    const loaded = this.#loaded;
    this.#loaded = undefined;
    if (loaded === undefined || this.#settings.client !== undefined) return;
    // A client that could not be made has nothing to close, and whoever needed it has been told.
    await loaded.then(({ client }) => client.destroy()).catch(() => undefined);
  }

  #load(): Promise<{ sdk: SDK; client: ECSClient }> {
    return (this.#loaded ??= this.#open());
  }

  async #open(): Promise<{ sdk: SDK; client: ECSClient }> {
    const sdk = await import("@aws-sdk/client-ecs").catch((error: unknown) => {
      if (!isMissingModule(error)) throw error;
      throw new ClusterManagerError(
        "talking to ECS needs the package @aws-sdk/client-ecs, which is not installed; run: npm install @aws-sdk/client-ecs",
        MANAGER_NAME,
        undefined,
        { cause: error },
      );
    });
    const { client, region, endpoint } = this.#settings;
    if (client !== undefined) return { sdk, client };
    return {
      sdk,
      client: new sdk.ECSClient({
        // Retries are this manager's own: they keep to the launch's limits and tokens.
        maxAttempts: 1,
        requestHandler: { connectionTimeout: CONNECT_MS },
        ...(region === undefined ? {} : { region }),
        ...(endpoint === undefined ? {} : { endpoint }),
      }),
    };
  }
}

function requestOrigin(request: unknown): URL | undefined {
  if (!isRecord(request) || typeof request["hostname"] !== "string") return undefined;
  const { protocol, hostname, port } = request;
  const host = hostname.includes(":") && !hostname.startsWith("[") ? `[${hostname}]` : hostname;
  const url = `${String(protocol)}//${host}${typeof port === "number" ? `:${port}` : ""}`;
  return URL.canParse(url) ? new URL(url) : undefined;
}

export function isMissingModule(error: unknown): boolean {
  return isRecord(error) && error["code"] === "ERR_MODULE_NOT_FOUND";
}
