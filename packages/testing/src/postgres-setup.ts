import type { TestProject } from "vitest/node"
import { startPostgres } from "./postgres.ts"

declare module "vitest" {
  interface ProvidedContext {
    /** The URL of the server that the tests of a project share; empty where PostgreSQL is not installed. */
    postgresUrl: string
  }
}

/** Starts one server for all test files of a project. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres()
  if (server === undefined)
    console.warn(`not run: the tests of ${project.name} on PostgreSQL, which is not installed (postgresql-15 or newer)`)
  project.provide("postgresUrl", server?.url ?? "")
  return async () => {
    await server?.[Symbol.asyncDispose]()
  }
}
