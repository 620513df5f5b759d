/** A JSON object of the document; its members keep the order in which they were written. */
export interface JsonObject {
  [member: string]: JsonObject | JsonObject[] | string | string[] | number | boolean | null | undefined
}
