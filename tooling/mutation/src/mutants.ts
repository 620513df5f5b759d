import { parseAst } from "vitest/node"

/** One change to a source file that should make a test fail. */
export interface Mutant {
  /** Counted from 1, as editors do. */
  readonly line: number
  readonly start: number
  readonly end: number
  /** What stands in place of what was there. */
  readonly to: string
}

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [field: string]: unknown
}

type Change = Omit<Mutant, "line">

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string"

/** What an operator becomes: its opposite, or its neighbour at the boundary. */
const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  "===": ["!=="],
  "!==": ["==="],
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "%": ["*"],
  "&": ["|"],
  "|": ["&"],
  "^": ["&"],
  "<<": [">>"],
  ">>": ["<<"],
  ">>>": ["<<"],
  "&&": ["||"],
  "||": ["&&"],
  "??": ["&&"],
  "+=": ["-="],
  "-=": ["+="],
}

/** Methods that are mistaken for one another. */
const METHODS: Readonly<Record<string, string>> = {
  some: "every",
  every: "some",
  startsWith: "endsWith",
  endsWith: "startsWith",
  min: "max",
  max: "min",
}

/**
 * Every mutant of a TypeScript file, or those of some of its lines: `12-34`, both included. Texts of errors are left alone: they
 * are for people, and so are types: the compiler holds them.
 */
export function mutantsOf(source: string, range = ""): Mutant[] {
  const changes: Change[] = []
  visit(parseAst(source, { lang: "ts" }), source, changes)
  return changes
    .map((change) => ({ ...change, line: source.slice(0, change.start).split("\n").length }))
    .filter(({ line }) => isWithin(range, line))
}

/** Whether a line is one of `12-34`, both included; of nothing, each line is. */
export function isWithin(range: string, line: number): boolean {
  const [first = "", last = first] = range.split("-")
  return range === "" || (line >= Number(first) && line <= Number(last))
}

/** The source with that mutant in it. */
export const withMutant = (source: string, { start, end, to }: Mutant): string =>
  source.slice(0, start) + to + source.slice(end)

function visit(value: unknown, source: string, changes: Change[]): void {
  if (Array.isArray(value)) for (const one of value) visit(one, source, changes)
  if (!isNode(value)) return
  if (/^TS(?!As|Satisfies|NonNull)/.test(value.type)) return
  changes.push(...changesOf(value, source))
  if (value.type === "ThrowStatement") return
  for (const child of Object.values(value)) if (typeof child === "object") visit(child, source, changes)
}

function changesOf(node: Node, source: string): Change[] {
  const whole = (to: string): Change => ({ start: node.start, end: node.end, to })
  switch (node.type) {
    case "BinaryExpression":
    case "LogicalExpression":
    case "AssignmentExpression":
      return operatorChanges(node, source)
    case "IfStatement":
    case "ConditionalExpression": {
      const { test } = node
      return isNode(test) ? ["true", "false"].map((to) => ({ start: test.start, end: test.end, to })) : []
    }
    case "UnaryExpression": {
      const { argument, operator } = node
      return isNode(argument) && ["!", "-", "~"].includes(String(operator))
        ? [whole(source.slice(argument.start, argument.end))]
        : []
    }
    case "Literal":
      if (typeof node["value"] === "number") return [whole(String(node["value"] + 1))]
      return typeof node["value"] === "boolean" ? [whole(String(!node["value"]))] : []
    case "ThrowStatement":
      return [whole("{}")]
    case "ExpressionStatement":
      // A directive, and a call of the parent's constructor, cannot be left out.
      return /^(["']|super\b)/.test(source.slice(node.start)) ? [] : [whole(";")]
    case "MemberExpression": {
      const { property } = node
      const to = isNode(property) ? METHODS[source.slice(property.start, property.end)] : undefined
      return to !== undefined && isNode(property) ? [{ start: property.start, end: property.end, to }] : []
    }
    default:
      return []
  }
}

function operatorChanges({ left, right, operator }: Node, source: string): Change[] {
  if (!isNode(left) || !isNode(right)) return []
  const start = source.indexOf(String(operator), left.end)
  return (OPERATORS[String(operator)] ?? []).map((to) => ({ start, end: start + String(operator).length, to }))
}
