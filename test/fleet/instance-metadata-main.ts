import { serveMetadata } from "./instance-metadata.js";
import { METADATA_ADDRESS } from "./network.js";

serveMetadata(process.argv[2] ?? "", METADATA_ADDRESS);
