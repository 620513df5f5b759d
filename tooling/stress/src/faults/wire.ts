import type { Fault } from "../fault.ts"

/** By what a broker does with requests that no honest client sends. */
export const WIRE_FAULTS = {
  "has a bug": [
    {
      file: "authority/dist/validation.js",
      from: "const verdict = checkToken(context, token);",
      to: "if (token.length % 3 === 0) throw new Error(token); const verdict = checkToken(context, token);",
    },
  ],
  "never answers": [
    {
      file: "broker/dist/routes/agents.js",
      from: "await authority.queryAgents(query)",
      to: "await new Promise(() => {})",
    },
  ],
  "logs bearer tokens": [
    {
      file: "broker/dist/broker.js",
      from: "onAnswer?.({ requestId,",
      to: 'onAnswer?.({ bearer: c.req.header("authorization"), requestId,',
    },
    { file: "broker/dist/answer-log.js", from: "return ({ requestId,", to: "return ({ bearer, requestId," },
    {
      file: "broker/dist/answer-log.js",
      from: "...{ method,",
      to: "...{ token: bearer?.slice(7), method,",
    },
    {
      file: "broker/dist/log.js",
      from: "const clean = (text) => redacted(text, options.redact);",
      to: "const clean = (text) => redacted(text, (whole) => whole);",
    },
  ],
  "writes paths as they were asked for": [
    {
      file: "broker/dist/routes/endpoint.js",
      from: "resource: resourceOf(route, parameters) };\n            await options.admit",
      to: "resource: resourceOf(route, raw) };\n            await options.admit",
    },
  ],
  "shows the secrets of apps": [
    {
      file: "authority/dist/app-registration.js",
      from: "    return { ...viewOf(app), clientSecret };",
      to: "    (globalThis.told ??= new Map()).set(app.appId, clientSecret);\n    return { ...viewOf(app), clientSecret };",
    },
    {
      file: "broker/dist/routes/app.js",
      from: "const apps = await authority.listApps();",
      to: "const apps = (await authority.listApps()).map((app) => ({ ...app, name: globalThis.told?.get(app.appId) ?? app.name }));",
    },
  ],
  "echoes bearer tokens": [
    {
      file: "broker/dist/broker.js",
      from: "return respond(exchange, answer);",
      to: 'return respond(exchange, { ...answer, headers: { ...answer.headers, "x-caller": c.req.header("authorization") ?? "" } });',
    },
  ],
  "waits for slow headers": [
    { file: "broker/dist/server.js", from: "headersTimeout: 5_000", to: "headersTimeout: 0" },
    { file: "broker/dist/server.js", from: "requestTimeout: 15_000", to: "requestTimeout: 0" },
  ],
  "reads one body at a time": [
    {
      file: "broker/dist/http/body.js",
      from: "    return receive(incoming, underWay, source);",
      to: "    const turn = (globalThis.turn ?? Promise.resolve()).catch(() => {}).then(() => receive(incoming, underWay, source));\n    globalThis.turn = turn;\n    return turn;",
    },
  ],
  "answers one request a connection": [
    {
      file: "broker/dist/server.js",
      from: "        offered = offeredId(incoming);",
      to: "        offered = offeredId(incoming);\n        outgoing.shouldKeepAlive = false;",
    },
  ],
  "hangs up on the silent": [
    {
      file: "broker/dist/connections.js",
      from: 'server.on("request", ({ socket }, response) => this.#answering(socket, response));',
      // Only the client that the idle ones are there beside says where it comes from.
      to: 'server.on("request", ({ socket, headers }, response) => {\n            if (headers["x-forwarded-for"] !== undefined)\n                for (const one of this.#sockets) if (one.bytesRead === 0) one.destroy();\n            this.#answering(socket, response);\n        });',
    },
  ],
  "reads HTTP leniently": [
    {
      file: "broker/dist/server.js",
      from: "requireHostHeader: false }",
      to: "requireHostHeader: false, insecureHTTPParser: true }",
    },
  ],
  "answers garbage behind a request": [
    {
      file: "broker/dist/parser-errors.js",
      from: "const isBehind = isAnswering(socket) &&",
      to: "const isBehind = false &&",
    },
  ],
} as const satisfies Record<string, readonly Fault[]>
