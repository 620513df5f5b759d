import { resolve } from "node:path"
import { type BrokerContext, contextNames, readContext, useContext, writeContext } from "../broker-context.ts"
import { type Command, command } from "../command.ts"
import { UsageError } from "../errors.ts"

/** `awrit context set` */
export const contextSet: Command = command({
  name: "context set",
  summary: "Make or change a context: a name for a broker, its certificates, and where its admin secret is",
  details: [
    "Writes ~/.broker/contexts/NAME with mode 0600: KEY=VALUE lines that you may edit, with the keys BROKER_URL, CA, CERT, KEY, ADMIN_SECRET_FILE and ADMIN_SECRET_ENV. What is not given stays as it is.",
    "The file names where the secret is and never holds it. Without a secret, awrit login asks for it.",
  ],
  args: {
    name: { type: "positional", description: "The context's name" },
    "secret-file": { type: "string", value: "FILE", description: "The file that holds the admin secret" },
    "secret-env": { type: "string", value: "VARIABLE", description: "The variable that holds the admin secret" },
    use: { type: "boolean", description: "Also use it from now on, as awrit context use does" },
  },
  examples: [
    "awrit context set production --broker-url https://broker.example --ca ca.pem --use",
    "awrit context set staging --broker-url https://staging.example --secret-env STAGING_ADMIN_SECRET",
  ],
  async run({ name, use, ...given }, { flags, out, settings }) {
    if (name === undefined) throw new UsageError("<name> is missing: give the context's name")
    const { "secret-env": secretEnv, "secret-file": secretFile } = given
    if (secretEnv !== undefined && secretFile !== undefined)
      throw new UsageError("--secret-env and --secret-file both name the secret: give one of them")
    const before = contextNames().includes(name) ? valuesOf(readContext(name)) : {}
    if (secretEnv !== undefined) delete before["ADMIN_SECRET_FILE"]
    if (secretFile !== undefined) delete before["ADMIN_SECRET_ENV"]
    const absolute = (path: string | undefined): string | undefined => path && resolve(path)
    const values = defined({
      BROKER_URL: flags["broker-url"] && settings.brokerUrl(),
      CA: absolute(flags.ca),
      CERT: absolute(flags.cert),
      KEY: absolute(flags.key),
      ADMIN_SECRET_FILE: absolute(secretFile),
      ADMIN_SECRET_ENV: secretEnv,
    })
    const content = { ...before, ...values }
    if (content["BROKER_URL"] === undefined) throw new UsageError("--broker-url is missing: give the broker's URL")
    writeContext(name, content)
    if (use) useContext(name)
    await out.document({ context: name, ...content })
    await out.record([["context", name], ...Object.entries(content)])
  },
})

const valuesOf = ({ values }: BrokerContext): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([key, { text }]) => [key, text]))

const defined = (values: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])),
  )
