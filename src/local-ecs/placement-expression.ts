/**
 * The cluster query language of `memberOf` constraints (Developer Guide, "Cluster query language"): subjects `attribute:<name>`,
 * `ec2InstanceId`, `agentConnected`, `runningTasksCount`; operators ==, !=, >, >=, <, <=, in, !in, =~, !~, exists and !exists
 * with their spelled names; `and`, `or`, `not` with their signs, and parentheses.
 */
import { ServiceError } from "./errors.js";
import type { ContainerInstance } from "./state.js";

export type InstancePredicate = (instance: ContainerInstance) => boolean;

type Compare = (value: string, argument: string) => boolean;

const COMPARISONS: Readonly<Record<string, Compare>> = {
  "==": (value, argument) => value === argument,
  equals: (value, argument) => value === argument,
  "!=": (value, argument) => value !== argument,
  not_equals: (value, argument) => value !== argument,
  ">": (value, argument) => Number(value) > Number(argument),
  greater_than: (value, argument) => Number(value) > Number(argument),
  ">=": (value, argument) => Number(value) >= Number(argument),
  greater_than_equal: (value, argument) => Number(value) >= Number(argument),
  "<": (value, argument) => Number(value) < Number(argument),
  less_than: (value, argument) => Number(value) < Number(argument),
  "<=": (value, argument) => Number(value) <= Number(argument),
  less_than_equal: (value, argument) => Number(value) <= Number(argument),
  "=~": (value, argument) => matches(value, argument),
  matches: (value, argument) => matches(value, argument),
  "!~": (value, argument) => !matches(value, argument),
  not_matches: (value, argument) => !matches(value, argument),
};

const TOKEN =
  /\s*(&&|\|\||[()[\],]|!in|!exists|==|!=|>=|<=|=~|!~|[!<>]|'[^']*'|"[^"]*"|[^\s()[\],&|=!<>~]+)/y;

/** Throws an `InvalidParameterException` that shows where the expression cannot be understood. */
export function parsePlacementExpression(expression: string): InstancePredicate {
  const parser = new ExpressionParser(expression, tokenize(expression));
  return parser.parse();
}

function tokenize(expression: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < expression.trimEnd().length) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(expression)?.[1];
    if (token === undefined) throw invalid(expression, `it cannot be read from "${expression.slice(at)}" on`);
    tokens.push(token);
  }
  return tokens;
}

class ExpressionParser {
  #at = 0;

  constructor(
    private readonly expression: string,
    private readonly tokens: readonly string[],
  ) {}

  parse(): InstancePredicate {
    const predicate = this.#or();
    const rest = this.tokens[this.#at];
    if (rest !== undefined) throw invalid(this.expression, `"${rest}" is not expected there`);
    return predicate;
  }

  #or(): InstancePredicate {
    let left = this.#and();
    while (this.#accept("or", "||")) {
      const [a, b] = [left, this.#and()];
      left = (instance) => a(instance) || b(instance);
    }
    return left;
  }

  #and(): InstancePredicate {
    let left = this.#not();
    while (this.#accept("and", "&&")) {
      const [a, b] = [left, this.#not()];
      left = (instance) => a(instance) && b(instance);
    }
    return left;
  }

  #not(): InstancePredicate {
    if (this.#accept("not", "!")) {
      const inner = this.#not();
      return (instance) => !inner(instance);
    }
    if (this.#accept("(")) {
      const inner = this.#or();
      this.#expect(")");
      return inner;
    }
    return this.#comparison();
  }

  #comparison(): InstancePredicate {
    const read = this.#subject(this.#next("a subject such as attribute:name"));
    const operator = this.#next("an operator such as ==");
    switch (operator) {
      case "exists":
        return (instance) => read(instance) !== undefined;
      case "!exists":
      case "not_exists":
        return (instance) => read(instance) === undefined;
      case "in": {
        const list = this.#list();
        return (instance) => list.includes(read(instance) ?? "");
      }
      case "!in":
      case "not_in": {
        const list = this.#list();
        return (instance) => !list.includes(read(instance) ?? "");
      }
      default:
        return this.#compare(read, operator);
    }
  }

  #compare(read: (instance: ContainerInstance) => string | undefined, operator: string): InstancePredicate {
    const compare = COMPARISONS[operator];
    if (compare === undefined) throw invalid(this.expression, `"${operator}" is not an operator`);
    const argument = unquote(this.#next("a value"));
    if (compare === COMPARISONS["=~"] || compare === COMPARISONS["matches"]) this.#checkPattern(argument);
    return (instance) => {
      const value = read(instance);
      return value !== undefined && compare(value, argument);
    };
  }

  #subject(token: string): (instance: ContainerInstance) => string | undefined {
    if (token.startsWith("attribute:")) {
      const name = token.slice("attribute:".length);
      return ({ attributes }) => attributes.get(name);
    }
    switch (token) {
      case "ec2InstanceId":
        return ({ ec2InstanceId }) => ec2InstanceId;
      case "agentConnected":
        return ({ agentConnected }) => `${agentConnected}`;
      case "runningTasksCount":
        return ({ tasks }) => `${tasks.size}`;
      default:
        throw invalid(
          this.expression,
          `the subject "${token}" is not one of attribute:<name>, ec2InstanceId, agentConnected, runningTasksCount`,
        );
    }
  }

  #list(): string[] {
    this.#expect("[");
    const values: string[] = [];
    do values.push(unquote(this.#next("a value")));
    while (this.#accept(","));
    this.#expect("]");
    return values;
  }

  #accept(...wanted: readonly string[]): boolean {
    const isThere = wanted.includes(this.tokens[this.#at] ?? "");
    if (isThere) this.#at += 1;
    return isThere;
  }

  #expect(token: string): void {
    if (!this.#accept(token)) throw invalid(this.expression, `"${token}" is missing`);
  }

  #next(what: string): string {
    const token = this.tokens[this.#at];
    if (token === undefined) throw invalid(this.expression, `${what} is missing at its end`);
    this.#at += 1;
    return token;
  }

  #checkPattern(pattern: string): void {
    try {
      matches("", pattern);
    } catch {
      throw invalid(this.expression, `"${pattern}" is not a regular expression`);
    }
  }
}

function matches(value: string, pattern: string): boolean {
  return new RegExp(`^(?:${pattern})$`).test(value);
}

function unquote(token: string): string {
  return /^(['"]).*\1$/s.test(token) ? token.slice(1, -1) : token;
}

function invalid(expression: string, problem: string): ServiceError {
  return new ServiceError(
    "InvalidParameterException",
    `Invalid placement constraint expression "${expression}": ${problem}.`,
  );
}
