import { parentPort, workerData } from "node:worker_threads"
import { Ballast } from "./ballast.ts"
import { applyWrite } from "./commit.ts"
import { type Connection, makeDurable, openConnection } from "./connection.ts"
import { openingFailure } from "./errors.ts"
import { toFailure } from "./failure.ts"
import { FileIdentity } from "./file-identity.ts"
import { GroupCommit } from "./group-commit.ts"
import { migrate } from "./migrate.ts"
import { prune } from "./pruning.ts"
import type { RevocationRow } from "./revocation-rows.ts"
import { Statements } from "./sql.ts"
import { TableSeal } from "./table-seal.ts"
import { loadTrail } from "./trail-state.ts"
import { TrailWriter } from "./trail-writer.ts"
import type { Answer, Command, FromWriter, Opening, Stall, ToWriter } from "./writer-commands.ts"

// The only thread that writes to the database file.

const { path } = workerData as { path: string }
const send = (message: Opening | FromWriter): void => parentPort?.postMessage(message)

try {
  const ballast = new Ballast(path)
  const connection = openConnection(path, ballast)
  try {
    serve(connection, ballast)
  } catch (error) {
    connection.close()
    throw error
  }
} catch (error) {
  send({ type: "refused", failure: toFailure(openingFailure(error, path)) })
  parentPort?.close()
}

function stallOf({ code, message }: Stall): Stall {
  return { code, message }
}

function serve(connection: Connection, ballast: Ballast): void {
  const { database } = connection
  migrate(database, path)
  makeDurable(database, path, ballast)
  ballast.restore()
  const statements = new Statements(database)
  const { end, problem, verified } = loadTrail(statements)
  const trail = new TrailWriter(statements, end)
  let answers: Answer[] = []
  let appended: readonly RevocationRow[] = []
  const commits = new GroupCommit({
    database,
    trail,
    ballast,
    files: new FileIdentity(path),
    onAppended: (entries) => {
      appended = entries
    },
    onFailed: (cause) => send({ type: "failed", failure: toFailure(cause) }),
    onStalled: (fault) => send({ type: "stalled", stall: stallOf(fault) }),
    onRecovered: () => send({ type: "recovered" }),
  })

  const answer = (one: Answer): void => {
    // One message for all answers of a flush.
    if (answers.length === 0) queueMicrotask(sendAnswers)
    answers.push(one)
  }
  const sendAnswers = (): void => {
    send({ type: "answered", answers, appended, trailSize: trail.size })
    answers = []
    appended = []
  }

  const execute = (command: Command): Promise<unknown> => {
    switch (command.name) {
      case "commit": {
        const { writes, events, at, urgent } = command.input
        return commits.run(
          (entries) => {
            const recording = events.findIndex(({ dataText }) => dataText !== undefined)
            const event = recording === -1 ? null : trail.size + 1 + recording
            for (const write of writes) {
              const entry = applyWrite(statements, write, event)
              if (entry !== undefined) entries.push(entry)
            }
            return trail.append(events, at)
          },
          { urgent },
        )
      }
      case "prune": {
        const { what, before, limit } = command.input
        return commits.run(() => prune(statements, what, before, limit))
      }
      case "readHead":
        return commits.run(() => trail.head())
      case "storeCheckpoint":
        return commits.run(() => trail.storeCheckpoint(command.input))
      case "openSeal":
        return Promise.resolve(trail.openSeal(new TableSeal(database, path, statements, command.input.key)))
      case "acceptTables":
        return commits.run(() => trail.acceptTables())
      case "forgetCheckpoints":
        return commits.run(() => trail.forgetCheckpoints(command.input.size))
    }
  }

  parentPort?.on("message", (message: ToWriter) => {
    if (message === "fail") return commits.fail(new Error("the database cannot be read"))
    if (message === "close") {
      commits.close()
      // Closing writes to the file, which must not happen after an I/O error. The next start verifies.
      if (commits.fault?.code !== "failed") connection.close()
      // After the last answers.
      setImmediate(() => parentPort?.close())
      return
    }
    for (const command of message)
      execute(command).then(
        (result) => answer({ id: command.id, result }),
        (error: unknown) => answer({ id: command.id, failure: toFailure(error) }),
      )
  })
  send({
    type: "opened",
    trail: {
      size: trail.size,
      verified,
      ...(problem !== undefined && { problem }),
      ...(commits.fault !== undefined && { stalled: stallOf(commits.fault) }),
    },
  })
}
