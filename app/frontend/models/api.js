// The app's own HTTP API, as the signed-in person. What goes wrong comes as an ApiError with words to show.
const AWAY = "The server cannot be reached. Your text is kept here."
const TIMEOUT = 15_000

export class ApiError extends Error {
  constructor(message, { status = 0, code = "away" } = {}) {
    super(message)
    this.status = status
    this.code = code
  }
}

export async function request(method, path, body) {
  let response
  try {
    response = await fetch(`/api/v1/${path}`, {
      method,
      headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      signal: AbortSignal.timeout(TIMEOUT)
    })
  } catch {
    throw new ApiError(AWAY)
  }
  const answer = await response.json().catch(() => null)
  if (response.ok) return answer
  throw new ApiError(answer?.error?.message ?? `The server answered ${response.status}. Try again in a moment.`, {
    status: response.status,
    code: answer?.error?.code
  })
}

export const csrfToken = () => document.querySelector("meta[name=csrf-token]")?.content ?? ""
