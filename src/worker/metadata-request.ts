/** One request to a metadata service of the platform. */
export interface MetadataRequest {
  readonly method?: "GET" | "PUT";
  readonly headers?: Readonly<Record<string, string>>;
  /** The whole time that it may take. */
  readonly limitMs: number;
}

export interface MetadataAnswer {
  readonly status: number;
  readonly text: string;
}

/** Rejects if there is no answer in time. */
export async function askMetadata(
  url: string,
  { method = "GET", headers = {}, limitMs }: MetadataRequest,
): Promise<MetadataAnswer> {
  // Outside of AWS no worker should wait for this module to load.
  const { request } = await import("node:http");
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(limitMs);
    const asked = request(url, { method, headers, signal, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => (text += piece));
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    asked.on("error", reject);
    asked.end();
  });
}
