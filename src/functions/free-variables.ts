import type * as Acorn from "acorn";

/** What the text of a function or class takes from its surroundings. */
export interface Surroundings {
  /** Names that it does not declare itself, in the order of their first use; globals are among them. */
  readonly names: readonly string[];
  /** Those of them that a class reads while it is being defined. */
  readonly eagerNames: readonly string[];
  /** Constructs that mean something of the surroundings and cannot be taken from there: `this`, `#count`. */
  readonly bound: readonly string[];
  /** Where it says `import.meta`, as offsets in the parsed text. */
  readonly importMetas: readonly { readonly start: number; readonly end: number }[];
}

export type Definition = Acorn.Function | Acorn.Class;

export function surroundingsOf(definition: Definition): Surroundings {
  return new Walk().run(definition);
}

interface Scope {
  readonly names: Set<string>;
  readonly parent: Scope | undefined;
  /** Where `var` declares. */
  readonly isBody: boolean;
}

/** What the text being walked stands inside of. */
interface Context {
  readonly scope: Scope;
  readonly hasThis: boolean;
  readonly hasSuper: boolean;
  readonly isEager: boolean;
}

type Visitor<Node extends Acorn.AnyNode = Acorn.AnyNode> = (node: Node, context: Context) => void;
type Visitors = {
  readonly [Type in Acorn.AnyNode["type"]]?: Visitor<Extract<Acorn.AnyNode, { type: Type }>>;
};

/**
 * Walks a syntax tree once and notes declarations and uses with their scope; only then are uses looked up, since a
 * declaration may follow its use.
 */
class Walk {
  readonly #uses: { name: string; scope: Scope; isEager: boolean }[] = [];
  readonly #bound = new Set<string>();
  readonly #importMetas: { start: number; end: number }[] = [];

  run(definition: Definition): Surroundings {
    const scope: Scope = { names: new Set(), parent: undefined, isBody: true };
    const context: Context = { scope, hasThis: false, hasSuper: false, isEager: false };
    if (isClass(definition)) this.#class(definition, context, true);
    else this.#function(definition, context);
    const free = this.#uses.filter(({ name, scope: from }) => !isDeclared(name, from));
    const isPrivate = ({ name }: { name: string }): boolean => name.startsWith("#");
    for (const { name } of free.filter(isPrivate)) this.#bound.add(name);
    if (free.some(({ name }) => name === "arguments")) this.#bound.add("arguments");
    const names = free.filter((use) => !isPrivate(use) && use.name !== "arguments");
    return {
      names: unique(names),
      eagerNames: unique(names.filter(({ isEager }) => isEager)),
      bound: [...this.#bound],
      importMetas: this.#importMetas,
    };
  }

  /** Nodes that declare, use or mean something by themselves; all others are their children. */
  readonly #visitors: Visitors = {
    Identifier: (node, context) => this.#use(node.name, context),
    PrivateIdentifier: (node, context) => this.#use(`#${node.name}`, context),
    ThisExpression: (_node, { hasThis }) => this.#mean("this", hasThis),
    Super: (_node, { hasSuper }) => this.#mean("super", hasSuper),
    // `new.target` has a meaning wherever `this` has one of the text's own.
    MetaProperty: (node, { hasThis }) => {
      if (node.meta.name === "import") this.#importMetas.push({ start: node.start, end: node.end });
      else this.#mean("new.target", hasThis);
    },
    MemberExpression: (node, context) => {
      this.#visit(node.object, context);
      if (node.computed || node.property.type === "PrivateIdentifier") this.#visit(node.property, context);
    },
    Property: (node, context) => {
      if (node.computed) this.#visit(node.key, context);
      const isMethod = node.kind !== "init" || node.method;
      this.#visit(node.value, isMethod ? { ...context, hasSuper: true } : context);
    },
    VariableDeclaration: (node, context) => {
      const scope = node.kind === "var" ? bodyOf(context.scope) : context.scope;
      for (const { id, init } of node.declarations) {
        this.#declare(id, scope, context);
        this.#visit(init, context);
      }
    },
    FunctionDeclaration: (node, context) => {
      if (node.id) context.scope.names.add(node.id.name);
      this.#function(node, context);
    },
    FunctionExpression: (node, context) => this.#function(node, context),
    ArrowFunctionExpression: (node, context) => this.#function(node, context),
    ClassDeclaration: (node, context) => {
      if (node.id) context.scope.names.add(node.id.name);
      this.#class(node, context, false);
    },
    ClassExpression: (node, context) => this.#class(node, context, false),
    CatchClause: (node, context) => {
      const inner = inside(context);
      if (node.param) this.#declare(node.param, inner.scope, inner);
      this.#visit(node.body, inner);
    },
    BlockStatement: (node, context) => this.#children(node, inside(context)),
    ForStatement: (node, context) => this.#children(node, inside(context)),
    ForInStatement: (node, context) => this.#children(node, inside(context)),
    ForOfStatement: (node, context) => this.#children(node, inside(context)),
    SwitchStatement: (node, context) => this.#children(node, inside(context)),
    LabeledStatement: (node, context) => this.#visit(node.body, context),
    BreakStatement: () => {},
    ContinueStatement: () => {},
  };

  #visit(node: Acorn.AnyNode | null | undefined, context: Context): void {
    if (!node) return;
    const visitor = this.#visitors[node.type] as Visitor | undefined;
    if (visitor === undefined) this.#children(node, context);
    else visitor(node, context);
  }

  #children(node: Acorn.AnyNode, context: Context): void {
    for (const child of Object.values(node) as unknown[]) {
      for (const item of Array.isArray(child) ? (child as unknown[]) : [child]) {
        if (isNode(item)) this.#visit(item, context);
      }
    }
  }

  #use(name: string, { scope, isEager }: Context): void {
    this.#uses.push({ name, scope, isEager });
  }

  #mean(construct: string, isOwn: boolean): void {
    if (!isOwn) this.#bound.add(construct);
  }

  #function(node: Acorn.Function, context: Context): void {
    const isArrow = node.type === "ArrowFunctionExpression";
    const outer = inside(context);
    // The name of a function expression is known inside it; that of a declaration is outside as well.
    if (node.id) outer.scope.names.add(node.id.name);
    const params = isArrow ? inside(outer) : { ...inside(outer), hasThis: true };
    if (!isArrow) params.scope.names.add("arguments");
    for (const param of node.params) this.#declare(param, params.scope, params);
    const body = inside(params, true);
    if (node.body.type === "BlockStatement") this.#children(node.body, body);
    else this.#visit(node.body, body);
  }

  #class(node: Acorn.Class, context: Context, isRoot: boolean): void {
    const inner = inside(context);
    if (node.id) inner.scope.names.add(node.id.name);
    for (const element of node.body.body) {
      if (element.type !== "StaticBlock" && element.key.type === "PrivateIdentifier") {
        inner.scope.names.add(`#${element.key.name}`);
      }
    }
    const eager: Context = { ...inner, isEager: inner.isEager || isRoot };
    this.#visit(node.superClass, eager);
    for (const element of node.body.body) this.#classElement(element, inner, eager);
  }

  #classElement(
    element: Acorn.MethodDefinition | Acorn.PropertyDefinition | Acorn.StaticBlock,
    inner: Context,
    eager: Context,
  ): void {
    const ownThis = { hasThis: true, hasSuper: true };
    if (element.type === "StaticBlock")
      return this.#children(element, { ...inside(eager, true), ...ownThis });
    if (element.computed) this.#visit(element.key, eager);
    if (element.type === "MethodDefinition")
      return this.#function(element.value, { ...inner, hasSuper: true });
    this.#visit(element.value, { ...(element.static ? eager : inner), ...ownThis });
  }

  /** Declares the names of a pattern; its defaults and computed keys are uses. */
  #declare(pattern: Acorn.Pattern, scope: Scope, context: Context): void {
    switch (pattern.type) {
      case "Identifier":
        scope.names.add(pattern.name);
        return;
      case "ObjectPattern":
        for (const property of pattern.properties) {
          if (property.type === "RestElement") this.#declare(property.argument, scope, context);
          else {
            if (property.computed) this.#visit(property.key, context);
            this.#declare(property.value, scope, context);
          }
        }
        return;
      case "ArrayPattern":
        for (const element of pattern.elements) if (element) this.#declare(element, scope, context);
        return;
      case "RestElement":
        return this.#declare(pattern.argument, scope, context);
      case "AssignmentPattern":
        this.#declare(pattern.left, scope, context);
        return this.#visit(pattern.right, context);
      case "MemberExpression":
        return this.#visit(pattern, context);
    }
  }
}

export function isClass(definition: Definition): definition is Acorn.Class {
  return definition.type === "ClassDeclaration" || definition.type === "ClassExpression";
}

function inside(context: Context, isBody = false): Context {
  return { ...context, scope: { names: new Set(), parent: context.scope, isBody } };
}

function bodyOf(scope: Scope): Scope {
  let body = scope;
  while (!body.isBody && body.parent !== undefined) body = body.parent;
  return body;
}

function isDeclared(name: string, from: Scope): boolean {
  for (let scope: Scope | undefined = from; scope !== undefined; scope = scope.parent) {
    if (scope.names.has(name)) return true;
  }
  return false;
}

function unique(uses: readonly { readonly name: string }[]): string[] {
  return [...new Set(uses.map(({ name }) => name))];
}

function isNode(value: unknown): value is Acorn.AnyNode {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
