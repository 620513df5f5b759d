/** A model that speaks OpenAI's protocols: it calls the first tool, and then says what the tool answered. */
export async function model(request: Request): Promise<Response> {
  const body = JSON.parse(await request.text())
  const isChat = new URL(request.url).pathname.endsWith("/chat/completions")
  return Response.json(isChat ? completion(body) : response(body))
}

interface ChatRequest {
  readonly messages: readonly { readonly role: string; readonly content: string }[]
  readonly tools: readonly { readonly function: { readonly name: string } }[]
}

function completion({ messages, tools }: ChatRequest) {
  const said = messages.findLast(({ role }) => role === "tool")?.content ?? null
  const call = { id: "call_1", type: "function", function: { name: tools[0]?.function.name, arguments: "{}" } }
  const message = { role: "assistant", content: said, ...(said === null && { tool_calls: [call] }) }
  const choices = [{ index: 0, message, finish_reason: said === null ? "tool_calls" : "stop" }]
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
  return { id: "chat_1", object: "chat.completion", created: 1, model: "gpt-5", choices, usage }
}

interface ResponsesRequest {
  readonly input: readonly { readonly type?: string; readonly output?: unknown }[]
  readonly tools: readonly { readonly name: string }[]
}

function response({ input, tools }: ResponsesRequest) {
  const said = input.findLast(({ type }) => type === "function_call_output")?.output
  const content = [{ type: "output_text", text: JSON.stringify(said), annotations: [] }]
  const item =
    said === undefined
      ? { type: "function_call", id: "fc_1", call_id: "call_1", name: tools[0]?.name, arguments: "{}" }
      : { type: "message", id: "msg_1", role: "assistant", content }
  const usage = {
    input_tokens: 1,
    output_tokens: 1,
    total_tokens: 2,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens_details: { reasoning_tokens: 0 },
  }
  const output = [{ ...item, status: "completed" }]
  return { id: "resp_1", object: "response", created_at: 1, model: "gpt-5", status: "completed", output, usage }
}
