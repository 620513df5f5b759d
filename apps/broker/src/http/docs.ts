import { readFile } from "node:fs/promises"
import type { Answer } from "./answer.ts"

/** A page of the broker's own, beside the API. */
export interface Page {
  readonly path: `/${string}`
  answer(): Promise<Answer>
}

/** Nothing but what the broker itself serves; no script or style within the page, no frame around it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ")

const HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>AgentWrit API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<noscript>The API is described in <a href="openapi.json">openapi.json</a>; this page needs JavaScript to show it.</noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`

// No requests are sent from the page: it would ask for secrets that do not belong into a browser.
const START = `SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#api",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  plugins: [() => ({ wrapComponents: { authorizeBtn: () => () => null, authorizeOperationBtn: () => () => null } })],
  supportedSubmitMethods: [],
  validatorUrl: null,
})
`

const CSS = "text/css; charset=utf-8"
const SCRIPT = "text/javascript; charset=utf-8"

/** The API page, from a viewer that ships with the broker: it works offline. */
export const docsPages: readonly Page[] = [
  page("/v1/docs", "text/html; charset=utf-8", async () => Buffer.from(HTML)),
  page("/v1/docs/start.js", SCRIPT, async () => Buffer.from(START)),
  page("/v1/docs/swagger-ui.css", CSS, viewerFile("swagger-ui.css")),
  page("/v1/docs/swagger-ui-bundle.js", SCRIPT, viewerFile("swagger-ui-bundle.js")),
]

function page(path: Page["path"], mediaType: string, read: () => Promise<Uint8Array<ArrayBuffer>>): Page {
  return {
    path,
    async answer() {
      const body = await read()
      const headers = { "content-security-policy": POLICY, "referrer-policy": "no-referrer" }
      return { status: 200, body, mediaType, headers, document: body.length }
    },
  }
}

/**
 * Reads a file of the viewer when it is first asked for. Its bytes are sent as they are: a text would be encoded anew for each
 * client, 12 ms for the script, and wait as a copy of its own for each that does not read.
 */
function viewerFile(name: string): () => Promise<Uint8Array<ArrayBuffer>> {
  let bytes: Promise<Uint8Array<ArrayBuffer>> | undefined
  return () => {
    bytes ??= readFile(new URL(`../../viewer/${name}`, import.meta.url))
    // What failed once, because too many files were open, may go well the next time.
    bytes.catch(() => {
      bytes = undefined
    })
    return bytes
  }
}
