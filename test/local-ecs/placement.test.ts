import { createState } from "#dist/local-ecs/initial-state.js";
import { chooseInstance, whyNot, type PlacementRequest } from "#dist/local-ecs/placement.js";
import { parsePlacementExpression } from "#dist/local-ecs/placement-expression.js";
import type { ContainerInstance } from "#dist/local-ecs/state.js";
import assert from "node:assert/strict";
import test from "node:test";

function instances(
  ...specs: { cpu?: number; memory?: number; zone?: string; color?: string }[]
): ContainerInstance[] {
  let id = 0;
  const state = createState(
    { region: "us-east-1", accountId: "000000000000" },
    specs.map(({ cpu = 1024, memory = 1024, zone = "us-east-1a", color }) => ({
      cpu,
      memory,
      availabilityZone: zone,
      privateIpv4Address: "10.0.0.1",
      attributes: color === undefined ? {} : { color },
      cluster: "default",
    })),
    () => `${(id += 1)}`.padStart(32, "0"),
    0,
  );
  return [...(state.clusters.get("default")?.instances.values() ?? [])];
}

function request(overrides: Partial<PlacementRequest> = {}): PlacementRequest {
  return {
    reservation: { cpu: 256, memory: 256, ports: [] },
    group: "family:work",
    constraints: [],
    strategies: [],
    random: () => 0.5,
    ...overrides,
  };
}

/** Takes what a task would take, without a task. */
function occupy(instance: ContainerInstance | undefined, cpu: number, memory: number): void {
  assert.ok(instance);
  instance.used.cpu += cpu;
  instance.used.memory += memory;
}

void test("equal instances are taken in the order of their registration", () => {
  const [first, second] = instances({}, {});
  assert.equal(chooseInstance([first, second] as ContainerInstance[], request()), first);
});

void test("an instance without room is passed over, and says of which resource", () => {
  const [small, big] = instances({ cpu: 128, memory: 4096 }, { cpu: 1024, memory: 1024 }) as [
    ContainerInstance,
    ContainerInstance,
  ];
  assert.equal(whyNot(small, request()), "RESOURCE:CPU");
  assert.equal(whyNot(big, request({ reservation: { cpu: 1, memory: 2000, ports: [] } })), "RESOURCE:MEMORY");
  assert.equal(chooseInstance([small, big], request()), big);
});

void test("a port that is reserved or taken makes RESOURCE:PORTS, each protocol for itself", () => {
  const [instance] = instances({}) as [ContainerInstance];
  instance.used.ports.add("tcp:8080");
  const withPorts = (...ports: string[]): PlacementRequest =>
    request({ reservation: { cpu: 1, memory: 1, ports } });
  assert.equal(whyNot(instance, withPorts("tcp:8080")), "RESOURCE:PORTS");
  assert.equal(whyNot(instance, withPorts("tcp:22")), "RESOURCE:PORTS");
  assert.equal(whyNot(instance, withPorts("udp:8080")), undefined);
});

void test("an instance whose agent is gone answers AGENT before anything else", () => {
  const [instance] = instances({ cpu: 1 }) as [ContainerInstance];
  instance.agentConnected = false;
  assert.equal(whyNot(instance, request()), "AGENT");
});

void test("binpack takes the instance with the least of the resource left that still fits", () => {
  const all = instances({}, {}, {});
  occupy(all[1], 512, 0);
  occupy(all[2], 900, 0);
  assert.equal(chooseInstance(all, request({ strategies: [{ type: "binpack", field: "cpu" }] })), all[1]);
});

void test("random asks the given source of chance", () => {
  const all = instances({}, {}, {});
  const values = [0.9, 0.1, 0.5];
  const chosen = chooseInstance(
    all,
    request({ strategies: [{ type: "random", field: "" }], random: () => values.shift() ?? 1 }),
  );
  assert.equal(chosen, all[1]);
});

void test("memberOf leaves the instances that satisfy the expression", () => {
  const all = instances({ color: "red" }, { color: "blue" });
  const matches = parsePlacementExpression("attribute:color == blue");
  const constraints = [{ type: "memberOf" as const, expression: "", matches }];
  assert.equal(chooseInstance(all, request({ constraints })), all[1]);
  assert.equal(
    whyNot(all[0] as ContainerInstance, request({ constraints })),
    "MemberOf placement constraint unsatisfied.",
  );
});

const EXPRESSIONS: readonly (readonly [string, boolean])[] = [
  ["attribute:color == red", true],
  ["attribute:color == 'red'", true],
  ["attribute:color != red", false],
  ["attribute:color exists", true],
  ["attribute:shape exists", false],
  ["attribute:shape !exists", true],
  ["attribute:color in [blue, red]", true],
  ["attribute:color not_in [blue, red]", false],
  ["attribute:color =~ r.*", true],
  ["attribute:color =~ e", false],
  ["attribute:color == red and attribute:ecs.availability-zone == us-east-1b", false],
  ["attribute:color == blue or attribute:ecs.availability-zone == us-east-1a", true],
  ["not (attribute:color == blue || attribute:color == green)", true],
  ["!(attribute:color == red)", false],
  ["runningTasksCount < 1 && agentConnected == true", true],
  ["attribute:color == blue or attribute:color == green and attribute:color == red", false],
];
for (const [expression, expected] of EXPRESSIONS) {
  void test(`the expression ${expression} is ${expected} for a red instance in zone a`, () => {
    const [instance] = instances({ color: "red" }) as [ContainerInstance];
    assert.equal(parsePlacementExpression(expression)(instance), expected);
  });
}

for (const expression of [
  "",
  "color == red",
  "attribute:color =",
  "attribute:color == ",
  "(attribute:color == a",
  "attribute:a =~ '('",
  "attribute:a == b c",
]) {
  void test(`the expression "${expression}" is refused with the expression in the message`, () => {
    assert.throws(() => parsePlacementExpression(expression), {
      code: "InvalidParameterException",
      message: /^Invalid placement constraint expression ".*": ./,
    });
  });
}
