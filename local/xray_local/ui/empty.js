// @ts-check
/** Where there is nothing to see yet: how to send a first trace, with a button that sends one. */
import { html, useEffect, useState } from "./base.js";
import * as api from "./api.js";
import { Lines } from "./copy.js";
import { ImportButton } from "./transfer.js";
import { go } from "./url.js";

/** @param {string} address host:port of this server @param {boolean} functions whether it runs functions @returns {{title: string, text: string, lines: string}[]} */
export const ways = (address, functions) => [
  {
    title: "A function of a folder or a template",
    text: "xray-local runs it under Lambda's own runtime client, with the layer. Nothing in the function changes.",
    lines: functions
      ? `aws lambda invoke --function-name NAME --endpoint-url http://${address} out.json`
      : "xray-local invoke app.handler --code src -e event.json\nxray-local up -t template.yaml --trace --tracing active",
  },
  {
    title: "A program with the X-Ray SDK, Powertools or the layer",
    text: "Set this where the program runs. Its segments come here instead of to the X-Ray daemon.",
    lines: `export AWS_XRAY_DAEMON_ADDRESS=${address}`,
  },
  {
    title: "boto3, the aws CLI, sam traces",
    text: "They send to this server and read from it; any credentials will do.",
    lines: `export AWS_ENDPOINT_URL_XRAY=http://${address}\naws xray get-service-graph \\\n  --start-time $(($(date +%s) - 600)) --end-time $(date +%s)`,
  },
];

/** The server's address as programs need it, and whether it runs functions. */
function useServer() {
  const [found, put] = useState({ address: location.host, functions: false });
  useEffect(() => {
    api.health().then((health) => put({ address: health.address ?? location.host, functions: Boolean(health.lambda?.functions?.length) }), () => undefined);
  }, []);
  return found;
}

/** @param {{title?: string, children?: unknown}} props */
export function Empty({ title = "No traces yet", children }) {
  const { address, functions } = useServer();
  const [problem, say] = useState("");
  const sample = () => api.sample().then(({ Id }) => go(["traces", Id]), (error) => say(error.message));
  return html`<section class="empty" aria-labelledby="empty-title">
    <h1 id="empty-title">${title}</h1>
    ${children}
    <div class="line">
      <button type="button" class="primary" onClick=${sample}>Send a sample trace</button>
      <${ImportButton} label="Open a file of traces…" />
    </div>
    ${problem && html`<p class="problem" role="alert"><span aria-hidden="true">! </span>${problem}</p>`}
    <h2>Send your own</h2>
    <ol class="ways">
      ${ways(address, functions).map((way) => html`<li key=${way.title}>
        <h3>${way.title}</h3>
        <p class="quiet">${way.text}</p>
        <${Lines} text=${way.lines} name=${`the lines for ${way.title}`} />
      </li>`)}
    </ol>
    <p class="quiet">It appears here by itself, within a second. If it does not, <code>xray-local doctor</code> tells why.</p>
  </section>`;
}
