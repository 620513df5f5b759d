import { chmodSync, chownSync, copyFileSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { type BrokerFolder, brokerFolder } from "@agentwrit/testing/broker-process"
import { expect, test } from "vitest"
import { runBroker, startBroker } from "../start-in-process.ts"

// Before: production started with all of these, without a word.

const PRODUCTION = { AA_MODE: "production" }

/** A hash of that cost; what it is of does not matter. */
const hash = (cost: string) => `$2b$${cost}$${"a".repeat(53)}`

/** A hash of change-me-in-production. */
const EXAMPLE = "$2b$10$olOVRwIXZy/RxrZgLykR1.R0aZLeXV19fQCQ54k3iNZsfZAtsNGU2"

/** What is careless, what the message must say, and how the test causes it. */
type Row = readonly [
  what: string,
  says: RegExp,
  prepare: (folder: BrokerFolder) => Record<string, string> | Promise<void>,
]

const keysIn = (folder: BrokerFolder, bits: number): string => {
  const path = join(folder.path, "keys")
  mkdirSync(path)
  chmodSync(path, bits)
  return join(path, "signing.key")
}

/** Starts once, so that the files are there. */
const serve = async (folder: BrokerFolder): Promise<void> => (await startBroker(folder, PRODUCTION)).stop()

const output = async (folder: BrokerFolder, prepare: Row[2]) => {
  const environment = (await prepare(folder)) ?? {}
  return runBroker({ ...folder.environment, ...PRODUCTION, ...environment })
}

test.each<Row>([
  ["blanks as the secret", /AA_ADMIN_SECRET.*blank/, () => ({ AA_ADMIN_SECRET: " ".repeat(20) })],
  ["a hash that is guessed at once", /AA_ADMIN_SECRET.*cost/, () => ({ AA_ADMIN_SECRET: hash("04") })],
  ["a hash that takes hours", /AA_ADMIN_SECRET.*cost/, () => ({ AA_ADMIN_SECRET: hash("31") })],
  [
    "a hash of the example's secret",
    /AA_ADMIN_SECRET.*the secret of the examples/,
    () => ({ AA_ADMIN_SECRET: EXAMPLE }),
  ],
  [
    "a folder of keys that others can write",
    /other users can replace/,
    (folder) => ({ AA_SIGNING_KEY_PATH: keysIn(folder, 0o777) }),
  ],
  [
    "one key for tokens and the trail",
    /could forge the trail/,
    async (folder) => {
      await serve(folder)
      copyFileSync(join(folder.path, "audit.key"), join(folder.path, "signing.key"))
    },
  ],
])("production does not start with %s", async (_, says, prepare) => {
  await using folder = await brokerFolder()
  expect(await output(folder, prepare)).toMatchObject({ code: 1, stderr: expect.stringMatching(says) })
})

const isRoot = process.getuid?.() === 0

test.each<Row>([
  ["tokens that are bound to no key", /AA_PUBLIC_URL is not set/, () => ({})],
  ["secrets in clear to other machines", /AA_TLS_MODE is none/, () => ({ AA_BIND_ADDRESS: "0.0.0.0" })],
  ...(isRoot
    ? ([
        [
          "a key of another user",
          /signing.key belongs to user 12345/,
          async (folder) => {
            await serve(folder)
            chownSync(join(folder.path, "signing.key"), 12_345, 0)
          },
        ],
        [
          "a folder of keys of another user",
          /keys belongs to user 12345/,
          (folder) => {
            const AA_SIGNING_KEY_PATH = keysIn(folder, 0o700)
            chownSync(join(AA_SIGNING_KEY_PATH, ".."), 12_345, 0)
            return { AA_SIGNING_KEY_PATH }
          },
        ],
      ] satisfies Row[])
    : []),
])("production warns of %s", async (_, says, prepare) => {
  await using folder = await brokerFolder()
  expect(await output(folder, prepare)).toMatchObject({ code: 0, stdout: expect.stringMatching(says) })
})
