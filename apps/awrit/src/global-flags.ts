import type { Arguments, Given } from "./arguments.ts"

/** The forms of a result: for people, or the API's answer for programs. */
export const FORMATS = ["table", "json", "yaml"] as const

/** One of {@link FORMATS}. */
export type Format = (typeof FORMATS)[number]

/** Flags of every command. They may stand before or after its name. */
export const GLOBAL_FLAGS = {
  output: {
    type: "string",
    short: "o",
    value: "FORMAT",
    description: "The form of the result; default table",
    choices: FORMATS,
  },
  json: {
    type: "boolean",
    description: "Print only the result on stdout, as JSON: the API's answer, unchanged; the same as -o json",
  },
  "broker-url": {
    type: "string",
    value: "URL",
    description:
      "The broker's URL; default AACTL_BROKER_URL, then the context, then BROKER_URL of the config file, then http://localhost:8080",
  },
  context: {
    type: "string",
    value: "NAME",
    description: "The context: a named broker of awrit context set; default AACTL_CONTEXT, then awrit context use",
  },
  ca: {
    type: "string",
    value: "FILE",
    description: "CA certificates to trust for the broker, PEM; default AACTL_CA, then the context, then SSL_CERT_FILE",
  },
  cert: {
    type: "string",
    value: "FILE",
    description: "Client certificate for mutual TLS, PEM; default AACTL_CERT, then the context",
  },
  key: {
    type: "string",
    value: "FILE",
    description: "Private key of that certificate, PEM; default AACTL_KEY, then the context",
  },
  "dangerously-allow-http": {
    type: "boolean",
    description: "Send the admin secret to a broker without TLS on another machine: anyone on the way can read it",
  },
  yes: { type: "boolean", description: "Do not ask for confirmation" },
  help: { type: "boolean", short: "h", description: "Show help" },
  version: { type: "boolean", description: "Show the version" },
} as const satisfies Arguments

/** The given {@link GLOBAL_FLAGS}. */
export type GlobalFlags = Given<typeof GLOBAL_FLAGS>
