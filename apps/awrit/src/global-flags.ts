/** Flags that every command takes, before or after its name. */
export const GLOBAL_FLAGS = {
  json: {
    type: "boolean",
    description: "Print the result as JSON, the API's answer as it came, and nothing else, on stdout",
  },
  "broker-url": {
    type: "string",
    value: "URL",
    description: "The broker; default AACTL_BROKER_URL, else BROKER_URL of the config file, else http://localhost:8080",
  },
  ca: {
    type: "string",
    value: "FILE",
    description: "PEM certificates that the broker's certificate must come from; default AACTL_CA",
  },
  cert: { type: "string", value: "FILE", description: "Client certificate for mutual TLS, PEM; default AACTL_CERT" },
  key: { type: "string", value: "FILE", description: "Private key of that certificate, PEM; default AACTL_KEY" },
  yes: { type: "boolean", description: "Do not ask before what cannot be undone" },
  help: { type: "boolean", short: "h", description: "Show help" },
  version: { type: "boolean", description: "Show the version" },
} as const

/** What was given of {@link GLOBAL_FLAGS}. */
export interface GlobalFlags {
  readonly json: boolean
  readonly "broker-url": string | undefined
  readonly ca: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
  readonly yes: boolean
  readonly help: boolean
  readonly version: boolean
}
