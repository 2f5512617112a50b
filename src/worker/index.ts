/** `rollcall/worker`: pulls in no manager, and is one file, so that a function which imports it loads quickly. */
export * from "../any-process.js";
