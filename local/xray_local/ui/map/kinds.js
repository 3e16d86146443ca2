// @ts-check
/** What a node is, by its X-Ray type: a word and an icon of our own for each kind. No DOM. */

/** @typedef {"client" | "function" | "service" | "table" | "bucket" | "queue" | "topic" | "api" | "database" | "host" | "stream" | "events" | "workflow" | "secret" | "machine"} Kind */

/** The first that fits counts. @type {[RegExp, Kind][]} */
const BY_TYPE = [
  [/^client$/, "client"],
  [/^AWS::Lambda|^Lambda function$/, "function"],
  [/^AWS::DynamoDB/, "table"],
  [/^AWS::S3/, "bucket"],
  [/^AWS::SQS/, "queue"],
  [/^AWS::SNS|^AWS::SES/, "topic"],
  [/^AWS::(ApiGateway|AppSync|ElasticLoadBalancing|CloudFront)/, "api"],
  [/^(Database|AWS::RDS|AWS::Elasticache|AWS::Redshift|AWS::Neptune|AWS::DocDB)/i, "database"],
  [/^AWS::(Kinesis|Firehose|MSK)/, "stream"],
  [/^AWS::(Events|EventBridge|Scheduler|IoT)/, "events"],
  [/^AWS::(StepFunctions|States)/, "workflow"],
  [/^AWS::(Secrets ?Manager|SSM|KMS|STS|IAM|Cognito)/i, "secret"],
  [/^AWS::(EC2|ECS|EKS|ElasticBeanstalk|AppRunner|Fargate)/, "machine"],
  [/^remote$/, "host"],
];

/** @type {Record<Kind, string>} */
export const WORDS = {
  client: "client", function: "function", service: "service", table: "table", bucket: "bucket", queue: "queue", topic: "topic", api: "API",
  database: "database", host: "remote host", stream: "stream", events: "events", workflow: "workflow", secret: "secrets", machine: "machine",
};

/** Lines on a field of 24 by 24. @type {Record<Kind, string>} */
export const ICONS = {
  client: "M3 5h18v11H3z M9 20h6 M12 16v4",
  function: "M5 4h4l8 16h3 M11.5 9 5 20",
  service: "M12 3l8 4.5v9L12 21l-8-4.5v-9z M12 12l8-4.5 M12 12v9 M12 12L4 7.5",
  table: "M3 5h18v14H3z M3 10h18 M3 14.5h18 M10 10v9",
  bucket: "M4 6l2.5 13q5.5 3 11 0L20 6 M4 6q0-2.5 8-2.5t8 2.5q0 2.5-8 2.5T4 6",
  queue: "M2 8h5v8H2z M9.5 8h5v8h-5z M17 12h5 M19.5 9l3 3-3 3",
  topic: "M12 12h.01 M8.5 8.5a5 5 0 0 0 0 7 M15.5 8.5a5 5 0 0 1 0 7 M5.5 5.5a9.2 9.2 0 0 0 0 13 M18.5 5.5a9.2 9.2 0 0 1 0 13",
  api: "M8 6l-6 6 6 6 M16 6l6 6-6 6 M13.5 4l-3 16",
  database: "M4 6v12q0 3 8 3t8-3V6 M4 6q0-3 8-3t8 3q0 3-8 3T4 6 M4 12q0 3 8 3t8-3",
  host: "M3 12a9 9 0 1 0 18 0a9 9 0 1 0-18 0 M3 12h18 M12 3q-8 9 0 18 M12 3q8 9 0 18",
  stream: "M2 7q5-5 10 0t10 0 M2 12.5q5-5 10 0t10 0 M2 18q5-5 10 0t10 0",
  events: "M13 2L5 14h6l-1 8 9-13h-6z",
  workflow: "M9 2h6v5H9z M2 17h6v5H2z M16 17h6v5h-6z M12 7v5 M5 17v-5h14v5",
  secret: "M3 15.5a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0 M10.7 12.3L20 3 M16 7l3 3",
  machine: "M4 4h16v7H4z M4 13h16v7H4z M7.5 7.5h.01 M7.5 16.5h.01 M12 7.5h5 M12 16.5h5",
};

/** @param {{type: string, client?: boolean}} node @returns {Kind} */
export const kindOf = (node) => (node.client ? "client" : (BY_TYPE.find(([pattern]) => pattern.test(node.type))?.[1] ?? "service"));

// An address that ends with an account and a name, wherever the queue is (AWS, moto, LocalStack); an ARN.
const QUEUE = /^https?:\/\/[^/]+\/(?:.*\/)?\d{12}\/(?=[^/]+$)/;
const ARN = /^arn:.*[:/](?=[^/:])/;

/** What tells a node from its neighbours: of a queue's address and of an ARN the last part. @param {string} name */
export const shortName = (name) => name.replace(QUEUE, "").replace(ARN, "");

const letters = new Intl.Segmenter();

/** Both ends of a text, since names differ at either. @param {string} text @param {number} most letters, as people count them */
export function shortened(text, most) {
  if (text.length <= most) return text;
  const all = [...letters.segment(text)].map(({ segment }) => segment);
  if (all.length <= most) return text;
  const tail = Math.floor((most - 1) * 0.45);
  return `${all.slice(0, most - 1 - tail).join("")}…${all.slice(all.length - tail).join("")}`;
}
