/** What code that runs on a worker may want; pulls in no manager. */
export { myId } from "./identity.js";
