import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { AgentIdError, formatAgentId, isAgentId, isPathSegment, isTrustDomain, parseAgentId } from "../src/index.ts"

const instance = "0123456789abcdef"
const refusal = expect.objectContaining({ code: "invalid_agent_id" })

describe("parseAgentId", () => {
  it("reads the four parts", () => {
    expect(parseAgentId(`spiffe://example.org/agent/orch-1/Task_2.x/${instance}`)).toEqual({
      trustDomain: "example.org",
      orchId: "orch-1",
      taskId: "Task_2.x",
      instance,
    })
  })

  it.each([
    ["empty", ""],
    ["another scheme", `https://example.org/agent/o/t/${instance}`],
    ["upper-case scheme", `SPIFFE://example.org/agent/o/t/${instance}`],
    ["no trust domain", `spiffe:///agent/o/t/${instance}`],
    ["upper-case trust domain", `spiffe://Example.org/agent/o/t/${instance}`],
    ["a path before the trust domain", `spiffe:/x/example.org/agent/o/t/${instance}`],
    ["port", `spiffe://example.org:80/agent/o/t/${instance}`],
    ["user info", `spiffe://me@example.org/agent/o/t/${instance}`],
    ["query", `spiffe://example.org/agent/o/t/${instance}?a`],
    ["fragment", `spiffe://example.org/agent/o/t/${instance}#a`],
    ["trailing slash", `spiffe://example.org/agent/o/t/${instance}/`],
    ["another first segment", `spiffe://example.org/agents/o/t/${instance}`],
    ["a segment too few", `spiffe://example.org/agent/o/${instance}`],
    ["a segment too many", `spiffe://example.org/agent/o/t/u/${instance}`],
    ["empty segment", `spiffe://example.org/agent//t/${instance}`],
    ["dot", `spiffe://example.org/agent/./t/${instance}`],
    ["dot dot", `spiffe://example.org/agent/o/../${instance}`],
    ["percent-encoding", `spiffe://example.org/agent/o/%74/${instance}`],
    ["not ASCII", `spiffe://example.org/agent/o/tä/${instance}`],
    ["space", `spiffe://example.org/agent/o/t /${instance}`],
    ["line break at the end", `spiffe://example.org/agent/o/t/${instance}\n`],
    ["short instance", "spiffe://example.org/agent/o/t/0123456789abcde"],
    ["long instance", "spiffe://example.org/agent/o/t/0123456789abcdef0"],
    ["upper-case instance", "spiffe://example.org/agent/o/t/0123456789ABCDEF"],
    ["not hex", "spiffe://example.org/agent/o/t/0123456789abcdeg"],
    ["too long", `spiffe://example.org/agent/o/${"t".repeat(2048)}/${instance}`],
    ["trust domain too long", `spiffe://${"a".repeat(256)}/agent/o/t/${instance}`],
  ])("refuses %s", (_name, text) => {
    expect(isAgentId(text)).toBe(false)
    expect(() => parseAgentId(text)).toThrow(AgentIdError)
    expect(() => parseAgentId(text)).toThrow(refusal)
  })

  it.each([[undefined], [null], [1], [{}]])("takes %j for no agent id", (value) => {
    expect(isAgentId(value)).toBe(false)
    expect(() => parseAgentId(value as string)).toThrow(AgentIdError)
  })
})

describe("formatAgentId", () => {
  const parts = { trustDomain: "example.org", orchId: "o", taskId: "t", instance }

  it("bounds the whole at 2048 bytes", () => {
    const rest = formatAgentId({ ...parts, taskId: "t" }).length - 1
    expect(formatAgentId({ ...parts, taskId: "t".repeat(2048 - rest) })).toHaveLength(2048)
    expect(() => formatAgentId({ ...parts, taskId: "t".repeat(2049 - rest) })).toThrow(refusal)
  })

  it.each([
    [{ ...parts, trustDomain: "" }, "trust domain"],
    [{ ...parts, orchId: "a/b" }, "orch_id"],
    [{ ...parts, taskId: ".." }, "task_id"],
    [{ ...parts, instance: "x" }, "instance"],
  ])("refuses %j and names the part", (id, part) => {
    expect(() => formatAgentId(id)).toThrow(part)
  })

  it("writes what parseAgentId reads", () => {
    const segment = fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/).filter((text) => text !== "." && text !== "..")
    const id = fc.record({
      trustDomain: fc.stringMatching(/^[a-z0-9._-]{1,20}$/),
      orchId: segment,
      taskId: segment,
      instance: fc.stringMatching(/^[0-9a-f]{16}$/),
    })
    fc.assert(fc.property(id, (one) => void expect(parseAgentId(formatAgentId(one))).toEqual(one)))
  })
})

it.each([
  ["example.org", true],
  ["a", true],
  ["a".repeat(255), true],
  ["a".repeat(256), false],
  ["", false],
  ["EXAMPLE.org", false],
  ["a/b", false],
  ["exämple.org", false],
])("trust domain %s: %s", (text, expected) => {
  expect(isTrustDomain(text)).toBe(expected)
})

it.each([
  ["task-1", true],
  ["...", true],
  [".", false],
  ["..", false],
  ["", false],
  ["a b", false],
  ["a/b", false],
  [7, false],
])("path segment %s: %s", (text, expected) => {
  expect(isPathSegment(text)).toBe(expected)
})
