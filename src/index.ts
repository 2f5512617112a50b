export { deferred } from "./util/deferred.js";
