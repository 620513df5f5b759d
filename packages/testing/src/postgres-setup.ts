import type { TestProject } from "vitest/node"
import { type PostgresServer, startPostgres } from "./postgres.ts"

declare module "vitest" {
  interface ProvidedContext {
    /** The URL of the server that the tests of a project share; empty where PostgreSQL is not installed. */
    postgresUrl: string
  }
}

let server: PostgresServer | undefined

/** Starts one server for all test files of a project. */
export async function setup(project: TestProject): Promise<void> {
  server = await startPostgres()
  if (server === undefined)
    console.warn(`not run: the tests of ${project.name} on PostgreSQL, which is not installed (postgresql-15 or newer)`)
  project.provide("postgresUrl", server?.url ?? "")
}

/** Stops it. */
export async function teardown(): Promise<void> {
  await server?.[Symbol.asyncDispose]()
}
