import { once } from "node:events"
import type { BrokerProcess } from "@agentwrit/testing/broker-process"

/** Makes {@link garbageCollector} work for a broker that is started with it. */
export const COLLECTABLE = { NODE_OPTIONS: "--inspect=127.0.0.1:0" }

/** Collects the garbage of a broker, so that its memory is what is alive, not what V8 has yet to free. */
export async function garbageCollector(broker: BrokerProcess): Promise<() => Promise<void>> {
  const url = /ws:\/\/\S+/.exec(broker.output().stderr)?.[0]
  if (url === undefined) throw new Error("the broker was not started with COLLECTABLE")
  const inspector = new WebSocket(url)
  await once(inspector, "open")
  return async () => {
    inspector.send(JSON.stringify({ id: 1, method: "HeapProfiler.collectGarbage" }))
    await once(inspector, "message")
  }
}
