/** Documents as X-Ray returns them, short enough to read in a test. Times are seconds; the trace begins at 100. */
import { build } from "../../local/xray_local/ui/trace/model.js";

export const TRACE = "1-5f84c7a5-7fa8b9c0d1e2f30415263748";

/** A subsegment; without an end it is in progress. */
export const part = (id, name, start, end, more = {}) => ({ id, name, start_time: start, ...(end === null ? { in_progress: true } : { end_time: end }), ...more });
export const segment = (id, name, start, end, more = {}) => part(id, name, start, end, { trace_id: TRACE, ...more });
export const call = (id, start, end, table = "orders", more = {}) =>
  part(id, "DynamoDB", start, end, { namespace: "aws", aws: { operation: "GetItem", table_name: table }, ...more });
export const inferred = (id, caller, more = {}) => segment(id, caller.name, caller.start_time, caller.end_time, { parent_id: caller.id, inferred: true, origin: "AWS::DynamoDB::Table", aws: caller.aws, ...more });
export const traceOf = (...segments) => build({ Id: TRACE, Segments: segments });

/** A cold start as Lambda and the layer tell it: what the layer says of the initialization stands below Invocation. */
export function coldStart() {
  const imports = [
    part("i1", "boto3", 100.4, 100.6, { metadata: { import: { total_ms: 200, own_ms: 50 } }, subsegments: [part("i2", "botocore", 100.45, 100.6, { metadata: { import: { total_ms: 150, own_ms: 150 } } })] }),
  ];
  const init = part("init", "app.handler init", 100.3, 100.8, {
    annotations: { initialization_type: "on-demand" },
    subsegments: [part("rt", "runtime start", 100.3, 100.4, { metadata: { import: { total_ms: 100, own_ms: 100 } } }), ...imports],
  });
  const handler = part("root", "app.handler", 101, 101.5, { annotations: { cold_start: true }, subsegments: [call("get", 101.1, 101.3)] });
  return [
    segment("a", "f", 100, 101.6, { origin: "AWS::Lambda", http: { response: { status: 200 } } }),
    segment("b", "f", 100.8, 101.7, {
      origin: "AWS::Lambda::Function",
      parent_id: "a",
      subsegments: [part("ini", "Initialization", 100.2, 100.8), part("inv", "Invocation", 100.9, 101.6, { subsegments: [init, handler] }), part("over", "Overhead", 101.6, 101.7)],
    }),
  ];
}
