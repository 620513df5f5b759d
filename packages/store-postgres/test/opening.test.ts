import { draft } from "@agentwrit/testing/fixtures"
import { startPostgres } from "@agentwrit/testing/postgres"
import { closedAddress } from "@agentwrit/testing/proxy"
import { describe, expect, test } from "vitest"
import { DatabaseError, PostgresStore } from "../src/index.ts"
import { serverUrl, temporarySchema } from "./temporary-schema.ts"

const open = (url: string) => PostgresStore.open({ url, version: "2.0.0" })

async function refusal(url: string): Promise<DatabaseError> {
  const [result] = await Promise.allSettled([open(url)])
  if (result.status === "fulfilled") {
    await result.value.housekeeping.close()
    throw new Error("the store was opened")
  }
  expect(result.reason).toBeInstanceOf(DatabaseError)
  return result.reason as DatabaseError
}

describe.skipIf(serverUrl === "")("a database that cannot be used is refused", () => {
  test.each([
    ["synchronous_commit", "off"],
    ["synchronous_commit", "local"],
  ])("one with %s = %s", async (name, value) => {
    await using schema = await temporarySchema()
    const { code, message } = await refusal(`${schema.url}%20-c${name}%3D${value}`)
    expect(code).toBe("database_not_durable")
    expect(message).toContain(`${name} ${value}`)
  })

  test("one whose server does not wait for its disk", async () => {
    await using server = await startPostgres(["fsync=off"])
    expect(await refusal(server?.url ?? "")).toMatchObject({ code: "database_not_durable" })
  })

  test("one that does not exist", async () => {
    expect((await refusal(serverUrl.replace(/postgres$/, "missing"))).code).toBe("database_unreachable")
  })

  test("one that cannot be reached", async () => {
    const { host } = new URL(await closedAddress())
    expect((await refusal(`postgres://agentwrit@${host}/postgres`)).code).toBe("database_unreachable")
  })

  test("one of another program", async () => {
    await using schema = await temporarySchema()
    await schema.query("create table orders (id int)")
    expect((await refusal(schema.url)).code).toBe("database_not_ours")
  })

  test("one of a newer version", async () => {
    await using schema = await temporarySchema()
    await (await open(schema.url)).housekeeping.close()
    await schema.query("insert into agentwrit_migrations values ('9999-later', now())")
    const { code, message } = await refusal(schema.url)
    expect(code).toBe("database_newer")
    expect(message).toContain("9999-later")
  })

  test("one where the user may not create tables", async () => {
    await using schema = await temporarySchema()
    const user = `visitor_${Date.now()}`
    await schema.query(`create role ${user} login`)
    const url = schema.url.replace("//agentwrit@", `//${user}@`)
    expect((await refusal(url)).code).toBe("database_denied")
    await schema.query(`drop role ${user}`)
  })

  test("one whose user does not exist", async () => {
    expect((await refusal(serverUrl.replace("//agentwrit@", "//nobody@"))).code).toBe("database_denied")
  })
})

describe.skipIf(serverUrl === "")("a trail that someone changed is found when the store is opened", () => {
  test.each([
    [
      "an event that was edited",
      "update events set event = replace(event::text, 'signed in', 'was here')::json where seq = 2",
    ],
    ["an event that is missing at the end", "delete from events where seq = 3"],
    [
      "a head that was put back",
      "update head set hash = (select decode(event->>'hash', 'hex') from events where seq = 2)",
    ],
  ])("%s", async (_, statement) => {
    await using schema = await temporarySchema()
    const store = await open(schema.url)
    await store.commit({ writes: [], events: [draft(), draft(), draft()] })
    await store.housekeeping.close()
    await schema.query(statement)
    await using again = await open(schema.url)
    expect(again.housekeeping.health().trailProblem).toContain("audit trail broken at event")
  })
})
