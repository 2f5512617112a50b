import { ServiceError } from "../errors.js";
import type { PlacementConstraint, PlacementStrategy } from "../placement.js";
import { parsePlacementExpression } from "../placement-expression.js";
import type { RequestReader } from "../validation.js";

/** At most 10, of type `distinctInstance` or `memberOf`. */
export function parseConstraints(reader: RequestReader): PlacementConstraint[] {
  return reader.objects("placementConstraints", { max: 10 }).map((item) => {
    const type = item.oneOf("type", ["distinctInstance", "memberOf"]);
    const expression = item.string("expression");
    if (type === "distinctInstance") {
      if (expression !== undefined)
        throw new ServiceError(reader.invalid, `${item.nameOf("expression")}: distinctInstance takes none.`);
      return { type, matches: () => true };
    }
    if (type === undefined)
      throw new ServiceError(reader.invalid, `${item.nameOf("type")} can not be blank.`);
    if (expression === undefined || expression.length > 2000)
      throw new ServiceError(
        reader.invalid,
        `${item.nameOf("expression")} must have 1 to 2000 characters for memberOf.`,
      );
    return { type, expression, matches: parsePlacementExpression(expression) };
  });
}

/** At most 5. The names of fields are matched without regard to case, as the service does. */
export function parseStrategies(reader: RequestReader): PlacementStrategy[] {
  return reader.objects("placementStrategy", { max: 5 }).map((item) => {
    const type = item.oneOf("type", ["random", "spread", "binpack"]);
    if (type === undefined)
      throw new ServiceError(reader.invalid, `${item.nameOf("type")} can not be blank.`);
    const field = item.string("field") ?? "";
    const refuse = (allowed: string): never => {
      throw new ServiceError(
        reader.invalid,
        `${item.nameOf("field")}: "${field}" is not valid for ${type}; it must be ${allowed}.`,
      );
    };
    switch (type) {
      case "random":
        return { type, field: field === "" ? "" : refuse("absent") };
      case "binpack": {
        const resource = field.toLowerCase();
        return resource === "cpu" || resource === "memory"
          ? { type, field: resource }
          : refuse("cpu or memory");
      }
      case "spread":
        if (field.startsWith("attribute:")) return { type, field };
        return ["instanceid", "host"].includes(field.toLowerCase())
          ? { type, field: "instanceId" }
          : refuse("instanceId, host or attribute:<name>");
    }
  });
}
