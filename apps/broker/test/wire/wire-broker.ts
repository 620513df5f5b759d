import {
  type SharedTestBroker,
  shareTestBroker,
  startTestBroker,
  type TestBroker,
  type TestBrokerOptions,
} from "@agentwrit/testing/broker"
import type { BrokerApp } from "../../src/broker.ts"
import { eventLog } from "../../src/event-log.ts"
import { Metrics } from "../../src/metrics.ts"
import { combineObservers } from "../../src/observers.ts"
import { serve } from "../../src/server.ts"
import { type Capture, capture } from "../captured-log.ts"

/** A broker in this process with the server, the event log and the metrics of the real one. */
export interface WireBroker extends TestBroker {
  /** Its log so far. */
  output(): { readonly stdout: string; readonly stderr: string }
}

/** Starts a broker in this process, with everything of the real one except configuration and files. */
export async function startWireBroker(options: TestBrokerOptions = {}): Promise<WireBroker> {
  const logged = capture()
  return { ...(await startTestBroker(withServer(options, logged))), output: () => outputOf(logged) }
}

/** Gives all tests of a file one broker in this process; it stops after the last test. */
export function shareWireBroker(
  use: (shared: SharedTestBroker & { readonly broker: WireBroker }) => void | Promise<void>,
  options: TestBrokerOptions = {},
): void {
  const logged = capture()
  shareTestBroker(
    ({ broker, url, admin }) => use({ broker: { ...broker, output: () => outputOf(logged) }, url, admin }),
    withServer(options, logged),
  )
}

const outputOf = ({ stdout, stderr }: Capture) => ({ stdout: stdout.join(""), stderr: stderr.join("") })

function withServer(options: TestBrokerOptions, { log }: Capture): TestBrokerOptions {
  const metrics = new Metrics()
  metrics.watchProcess()
  const isTrustedProxy = options.app?.isTrustedProxy ?? ((address) => address === "127.0.0.1")
  return {
    ...options,
    observer: combineObservers(eventLog(log), metrics.observer),
    app: {
      metrics,
      isTrustedProxy,
      onBug: (error) => log.fail("http", "a request ran into a bug", { error: String(error) }),
      ...options.app,
    },
    listen:
      options.listen ??
      (async (app: BrokerApp) => {
        const { corsOrigins = [] } = options.app ?? {}
        const server = await serve(app, { port: 0, address: "127.0.0.1", isTrustedProxy, corsOrigins })
        return { port: server.address.port, stop: () => server.stop() }
      }),
  }
}
