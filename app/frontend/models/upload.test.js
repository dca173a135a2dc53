import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { Upload } from "./upload"
import { weight } from "./weight"

let request

beforeEach(() => {
  request = { upload: {}, open: vi.fn(), setRequestHeader: vi.fn(), send: vi.fn(), abort: () => request.onabort() }
  vi.stubGlobal(
    "XMLHttpRequest",
    vi.fn(() => request)
  )
  document.head.innerHTML = '<meta name="csrf-token" content="t0ken">'
})

afterEach(() => vi.unstubAllGlobals())

const answered = (status, text) => {
  Object.assign(request, { status, responseText: text })
  request.onload()
}

test("a file is posted with the CSRF token, and its progress is told", async () => {
  const told = vi.fn()
  const sending = new Upload().send("kyoto", new File(["abc"], "a.txt"), told)
  expect(request.open).toHaveBeenCalledWith("POST", "/api/v1/rooms/kyoto/attachments")
  expect(request.setRequestHeader).toHaveBeenCalledWith("X-CSRFToken", "t0ken")
  expect(request.send.mock.calls[0][0].get("file").name).toBe("a.txt")
  request.upload.onprogress({ lengthComputable: true, loaded: 1, total: 4 })
  expect(told).toHaveBeenCalledWith(0.25)
  answered(201, '{"id": "a1"}')
  expect(await sending).toEqual({ id: "a1" })
})

test("what the server refuses comes with its words", async () => {
  const sending = new Upload().send("kyoto", new File(["abc"], "a.txt"), () => {})
  answered(400, '{"error": {"code": "bad_input", "message": "This file is empty."}}')
  await expect(sending).rejects.toMatchObject({ message: "This file is empty.", status: 400, code: "bad_input" })
})

test("what a proxy refuses is said in words of our own", async () => {
  const sending = new Upload().send("kyoto", new File(["abc"], "a.txt"), () => {})
  answered(413, "<html>Request Entity Too Large</html>")
  await expect(sending).rejects.toMatchObject({ message: "This file is too big for the server.", status: 413 })
})

test("a server that is away, and an upload that is stopped, are said", async () => {
  const away = new Upload().send("kyoto", new File(["abc"], "a.txt"), () => {})
  request.onerror()
  await expect(away).rejects.toMatchObject({ message: "The server cannot be reached. Try it again." })
  const upload = new Upload()
  const stopped = upload.send("kyoto", new File(["abc"], "a.txt"), () => {})
  upload.stop()
  await expect(stopped).rejects.toMatchObject({ code: "away" })
})

test("a weight is said as people say it", () => {
  expect([0, 999, 1000, 48_211, 1_500_000, 20_000_000, 3_000_000_000].map(weight)).toEqual([
    "0 B",
    "999 B",
    "1.0 kB",
    "48 kB",
    "1.5 MB",
    "20 MB",
    "3.0 GB"
  ])
})
