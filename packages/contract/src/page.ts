import * as v from "valibot"
import { wholeNumber } from "./fields.ts"

/** The query parameters that select a page. */
export const pageQuery = {
  limit: v.exactOptional(wholeNumber("The most matches to return", 1, 1000), 100),
  offset: v.exactOptional(wholeNumber("How many matches to skip"), 0),
} as const

/** The members of every page beside its list. */
export const pageFields = {
  total: wholeNumber("How many match, on all pages"),
  offset: wholeNumber("How many matches were skipped"),
  limit: wholeNumber("The most matches that the page may hold", 1, 1000),
} as const
