import { readdir } from "node:fs/promises"
import { connect, type Socket } from "node:net"
import { HeldConnection } from "./held-connection.ts"
import { missing } from "./needs.ts"
import { expectDenials, expectLogged, expectNothingLost, expectRecovery } from "./storage-expectations.ts"
import type { StorageFault } from "./storage-fault.ts"

/** Descriptors that the broker may have: some forty are its own. */
const LIMIT = 96

/** Connections that nobody can serve at once with so few. */
const CONNECTIONS = 200

/** Strangers take every descriptor: who is connected is served on, whatever takes none. */
export const descriptorLimit: StorageFault = {
  name: "descriptor limit",
  lacking: () => missing("prlimit"),
  async run(on) {
    await on.begin(40, ["prlimit", `--nofile=${LIMIT}`])
    using held = new HeldConnection(on.url)
    const { ask } = held
    await ask("GET /v1/health")
    let turnedAway = 0
    const { hostname, port } = new URL(on.url)
    const sockets = Array.from(
      { length: CONNECTIONS },
      (): Socket =>
        connect(Number(port), hostname)
          .on("error", () => undefined)
          .on("close", () => turnedAway++),
    )
    const { child } = on.broker
    // The event loop keeps one back, to hang up with.
    const isFull = await on.until(
      async () => turnedAway > 0 && (await readdir(`/proc/${child.pid}/fd`)).length >= LIMIT - 1,
    )
    on.expect(isFull, `the limit of ${LIMIT} descriptors was not met`)
    const issued = await on.issue(ask)
    on.expect(issued?.status === 201, `issuance is answered with ${issued?.status}`)
    const health = await ask("GET /v1/health")
    on.expect(health.status === 200 && health.body?.status === "ok", `health says ${health.text}`)
    await expectDenials(on, ask)
    const [token] = on.unrevoked.slice(-1)
    on.expect(token !== undefined, "there is no token to revoke")
    if (token !== undefined) await on.revoke(token, ask)
    // Its copy beside the key takes a descriptor, without which none may leave.
    const checkpoint = await ask("GET /v1/audit/checkpoint", { bearer: on.admin })
    on.expect(checkpoint.status === 503, `a checkpoint is answered with ${checkpoint.status}`)
    const hasRetryAfter = typeof checkpoint.headers.get("retry-after") === "string"
    on.expect(hasRetryAfter, "a 503 has no Retry-After")
    await expectLogged(on, /:FAIL\] .*checkpoint could not be signed.*EMFILE/, "no FAIL line tells of the limit")
    on.expect(child.exitCode === null && child.signalCode === null, "the broker ended")
    for (const socket of sockets) socket.destroy()
    await expectRecovery(on)
    await on.work(40)
    await expectNothingLost(on)
  },
}
