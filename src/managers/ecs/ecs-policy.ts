/** An IAM policy, as IAM takes it. */
export interface PolicyDocument {
  readonly Version: "2012-10-17";
  readonly Statement: readonly PolicyStatement[];
}

export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** What is in use. `*` stands for any region or account. */
export interface PolicyFacts {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  /** Name or ARN of the ECS cluster. */
  readonly ecsCluster: string;
  /** `family`, `family:revision` or an ARN; without a revision all of the family. */
  readonly taskDefinition: string;
  /** Task and execution roles that the task definition or an override names. Without any nothing is passed. */
  readonly roles: readonly string[];
  /** The log group, where errors shall carry the last output of tasks. */
  readonly logGroup?: string;
  /** The option `tags`, or `enableECSManagedTags`. */
  readonly tags: boolean;
  /** The option `enableExecuteCommand`, for people who look into tasks. */
  readonly executeCommand: boolean;
  /** The option `watchDraining`. */
  readonly watchDraining: boolean;
  /** `rollcall doctor`. */
  readonly doctor: boolean;
}

/**
 * The rights that the manager process needs and no others (Service Authorization Reference, "Actions, resources, and
 * condition keys for Amazon Elastic Container Service"). Workers need none.
 */
export function managerPolicy(facts: PolicyFacts): PolicyDocument {
  const { partition, region, account, ecsCluster, roles } = facts;
  const arn = (service: string, resource: string) =>
    `arn:${partition}:${service}:${region}:${account}:${resource}`;
  const clusterName = ecsCluster.split("/").at(-1) ?? ecsCluster;
  const cluster = ecsCluster.startsWith("arn:") ? ecsCluster : arn("ecs", `cluster/${clusterName}`);
  const inCluster = { ArnEquals: { "ecs:cluster": cluster } };
  const tasks = arn("ecs", `task/${clusterName}/*`);
  const statements: PolicyStatement[] = [
    allow("ReadTaskDefinition", "ecs:DescribeTaskDefinition", "*"),
    allow("StartTasks", "ecs:RunTask", definitionArn(facts.taskDefinition, arn), inCluster),
    allow("WatchAndStopTasks", ["ecs:DescribeTasks", "ecs:StopTask"], tasks, inCluster),
    allow("FindTasks", "ecs:ListTasks", "*", inCluster),
  ];
  if (roles.length > 0) {
    const toECS = { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } };
    statements.push(allow("PassRolesToTasks", "iam:PassRole", roles, toECS));
  }
  if (facts.tags) {
    const onRun = { StringEquals: { "ecs:CreateAction": "RunTask" } };
    statements.push(allow("TagTasks", "ecs:TagResource", tasks, onRun));
  }
  if (facts.logGroup !== undefined) {
    const streams = arn("logs", `log-group:${facts.logGroup}:log-stream:*`);
    statements.push(allow("ReadLastOutput", "logs:GetLogEvents", streams));
  }
  if (facts.executeCommand) {
    statements.push(allow("LookIntoTasks", "ecs:ExecuteCommand", [cluster, tasks]));
  }
  const instances = arn("ecs", `container-instance/${clusterName}/*`);
  if (facts.watchDraining) {
    statements.push(allow("WatchInstances", "ecs:DescribeContainerInstances", instances, inCluster));
  }
  if (facts.doctor) {
    statements.push(
      allow("DoctorCluster", "ecs:DescribeClusters", cluster),
      allow("DoctorInstances", "ecs:ListContainerInstances", cluster),
      allow("DoctorCapacity", "ecs:DescribeContainerInstances", instances),
      // EC2 binds neither to a resource.
      allow("DoctorNetwork", ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups"], "*"),
    );
  }
  return { Version: "2012-10-17", Statement: statements };
}

/** For the task role, with `enableExecuteCommand`; a worker itself needs no right (developer guide, "ECS Exec"). */
export function taskRolePolicy(): PolicyDocument {
  const channels = ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"];
  const actions = channels.map((name) => `ssmmessages:${name}`);
  return { Version: "2012-10-17", Statement: [allow("ExecuteCommandChannels", actions, "*")] };
}

function allow(
  Sid: string,
  Action: string | readonly string[],
  Resource: string | readonly string[],
  Condition?: PolicyStatement["Condition"],
): PolicyStatement {
  return { Sid, Effect: "Allow", Action, Resource, ...(Condition === undefined ? {} : { Condition }) };
}

function definitionArn(given: string, arn: (service: string, resource: string) => string): string {
  const whole = given.startsWith("arn:") ? given : arn("ecs", `task-definition/${given}`);
  return /:task-definition\/[^:]+:\d+$/.test(whole) ? whole : `${whole}:*`;
}
