import { parentPort, workerData } from "node:worker_threads"
import type { ListedRevocation } from "@agentwrit/authority"
import { Kysely } from "kysely"
import { Ballast } from "./ballast.ts"
import { CommitQueue } from "./commit-queue.ts"
import { type Connection, makeDurable, openConnection } from "./connection.ts"
import { openingFailure } from "./errors.ts"
import { toFailure } from "./failure.ts"
import { FilePlace } from "./file-place.ts"
import { migrate, OneTransactionDialect } from "./migrate.ts"
import { preparedPruning } from "./pruning.ts"
import type { Schema } from "./schema.ts"
import { preparing } from "./statements.ts"
import { loadTrail } from "./trail-state.ts"
import { TrailWriter } from "./trail-writer.ts"
import type { FromWriter, NumberedOrder, Opening, OrderAnswer, ToWriter } from "./writer-orders.ts"
import { preparedWrites } from "./writes.ts"

// The one thread that writes to the database file.

const { path } = workerData as { path: string }
const tell = (message: Opening | FromWriter): void => parentPort?.postMessage(message)

try {
  const ballast = new Ballast(path)
  const connection = openConnection(path, ballast)
  try {
    await serve(connection, ballast)
  } catch (error) {
    connection.close()
    throw error
  }
} catch (error) {
  tell({ type: "refused", failure: toFailure(openingFailure(error, path)) })
  parentPort?.close()
}

async function serve(connection: Connection, ballast: Ballast): Promise<void> {
  const { database } = connection
  const db = new Kysely<Schema>({ dialect: new OneTransactionDialect({ database }) })
  await migrate(db, path)
  makeDurable(database, path, ballast)
  ballast.restore()
  const loaded = await loadTrail(db)
  const prepare = preparing(database, db)
  const applyWrite = preparedWrites(prepare)
  const pruning = preparedPruning(prepare)
  const trail = new TrailWriter(prepare, loaded.state, loaded.newest)
  let answers: OrderAnswer[] = []
  let listed: readonly ListedRevocation[] = []
  const queue = new CommitQueue({
    ...{ database, trail, ballast },
    place: new FilePlace(path),
    listed: (entries) => {
      listed = entries
    },
    failed: (cause) => tell({ type: "failed", failure: toFailure(cause) }),
    stalled: (fault) => tell({ type: "stalled", failure: toFailure(fault) }),
    recovered: () => tell({ type: "recovered" }),
  })

  const answer = (one: OrderAnswer): void => {
    // All that one flush answers goes in one message.
    if (answers.length === 0) queueMicrotask(sendAnswers)
    answers.push(one)
  }
  const sendAnswers = (): void => {
    tell({ type: "answered", answers, listed, trailSize: trail.size })
    answers = []
    listed = []
  }

  const carryOut = (order: NumberedOrder): Promise<unknown> => {
    switch (order.name) {
      case "change": {
        const { writes, events, at, urgent } = order.order
        return queue.commit(
          (added) => {
            for (const write of writes) {
              const entry = applyWrite(write)
              if (entry !== undefined) added.push(entry)
            }
            return trail.append(events, at)
          },
          { urgent },
        )
      }
      case "prune": {
        const { what, before, limit } = order.order
        return queue.commit(() => pruning[what](before, limit))
      }
      case "head":
        return queue.commit(() => trail.head())
      case "keepCheckpoint":
        return queue.commit(() => trail.keep(order.order))
      case "forgetCheckpoints":
        return queue.commit(() => trail.forgetCheckpoints(order.order.size))
    }
  }

  parentPort?.on("message", (message: ToWriter) => {
    if (message === "fail") return queue.fail(new Error("the database cannot be read"))
    if (message === "close") {
      queue.close()
      // After an I/O error closing would write to the file again; the process ends, and the next start verifies.
      if (queue.fault?.code !== "failed") connection.close()
      // Behind the last answers.
      setImmediate(() => parentPort?.close())
      return
    }
    for (const order of message)
      carryOut(order).then(
        (result) => answer({ id: order.id, result }),
        (error: unknown) => answer({ id: order.id, failure: toFailure(error) }),
      )
  })
  const { problem, verified } = loaded
  tell({
    type: "opened",
    trail: {
      ...{ size: trail.size, verified },
      ...(problem !== undefined && { problem }),
      ...(queue.fault !== undefined && { stalled: toFailure(queue.fault) }),
    },
  })
}
