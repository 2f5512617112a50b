/** The release this code belongs to; the same as `version` in package.json, which a test compares. */
export const ROLLCALL_VERSION = "0.1.0";
