import { readdirSync } from "node:fs"
import { brokerFolder } from "@agentwrit/testing/broker-process"
import { expect, test } from "vitest"
import { inRepository } from "../src/repository.ts"
import { shell } from "../src/shell.ts"

test.each([
  [
    "--help",
    0,
    /^agentwrit-broker \d\S+, the credential broker[\s\S]* AA_ADMIN_SECRET\n[\s\S]* AA_ADMIN_SECRET_FILE\n/,
    /^$/,
  ],
  ["--version", 0, /^\d+\.\d+\.\d+\n$/, /^$/],
  ["serve", 2, /^$/, /^agentwrit-broker takes only --help and --version/],
  ["--port 80", 2, /^$/, /^agentwrit-broker takes only --help and --version/],
])("agentwrit-broker %s ends with %d before it writes anything", async (given, code, stdout, stderr) => {
  await using folder = await brokerFolder()
  const main = inRepository("apps/broker/dist/main.js")
  const ended = await shell(`cd ${folder.path} && ${process.execPath} ${main} ${given}`, folder.environment)
  expect(ended).toEqual({ code, stdout: expect.stringMatching(stdout), stderr: expect.stringMatching(stderr) })
  expect(readdirSync(folder.path)).toEqual([])
})

test.each([
  ["--help", 0, /^agentwrit-healthcheck takes no arguments.*\n$/, /^$/],
  ["now", 2, /^$/, /^agentwrit-healthcheck takes no arguments.*\n$/],
])("agentwrit-healthcheck %s ends with %d, and checks nothing", async (given, code, stdout, stderr) => {
  const ended = await shell(`${process.execPath} ${inRepository("apps/broker/dist/healthcheck.js")} ${given}`)
  expect(ended).toEqual({ code, stdout: expect.stringMatching(stdout), stderr: expect.stringMatching(stderr) })
})
