import { afterAll, beforeAll } from "vitest"
import { type BrokerFolder, type BrokerProcess, brokerFolder, startBroker } from "./broker-process.ts"
import { adminToken } from "./client.ts"

/** A running broker, and an operator's token. */
export interface SharedBroker {
  readonly folder: BrokerFolder
  readonly broker: BrokerProcess
  readonly url: string
  readonly admin: string
}

/** Gives all tests of a file one broker. It ends after the last test, with every other broker on its folder. */
export function shareBroker(use: (shared: SharedBroker) => void | Promise<void>): void {
  let folder: BrokerFolder
  beforeAll(async () => {
    folder = await brokerFolder()
    const broker = await startBroker(folder)
    const { url } = broker
    await use({ folder, broker, url, admin: await adminToken(url) })
  })
  afterAll(async () => folder[Symbol.asyncDispose]())
}
