import { beforeEach, expect, test, vi } from "vitest"
import { ApiError } from "./api"
import { Tray } from "./tray"

const file = (name, size = 3) => ({ name, size })
const settled = () => new Promise(resolve => setTimeout(resolve))

let uploads
let changed

beforeEach(() => {
  uploads = []
  changed = vi.fn()
})

// An upload that ends when the test says so.
function upload() {
  const one = { stop: vi.fn() }
  one.send = (room, sent, progress) => {
    Object.assign(one, { room, sent, progress })
    return new Promise((resolve, reject) => Object.assign(one, { resolve, reject }))
  }
  uploads.push(one)
  return one
}

const trayOf = (limits = { megabytes: 1, most: 3 }) => new Tray("kyoto", limits, { changed, upload })

test("files go up one after the other, and what is ready keeps their order", async () => {
  const tray = trayOf()
  tray.add([file("a"), file("b")])
  await settled()
  expect(uploads).toHaveLength(1)
  expect([uploads[0].room, uploads[0].sent.name, tray.busy]).toEqual(["kyoto", "a", true])
  uploads[0].resolve({ id: "1", name: "a", size: 3 })
  await settled()
  uploads[1].progress(0.5)
  expect(tray.items.map(item => [item.state, item.share])).toEqual([
    ["ready", 0],
    ["uploading", 0.5]
  ])
  uploads[1].resolve({ id: "2", name: "b", size: 3 })
  await settled()
  expect([tray.busy, tray.ready.map(({ id }) => id)]).toEqual([false, ["1", "2"]])
  expect(tray.empty().map(({ id }) => id)).toEqual(["1", "2"])
  expect(tray.items).toEqual([])
})

test("what is beyond the limits is said at once and not uploaded", async () => {
  const tray = trayOf()
  tray.add([file("film", 1_500_000), file("void", 0), file("c"), file("d")])
  await settled()
  expect(tray.items.map(({ words }) => words)).toEqual([
    "It has 1.5 MB; 1 MB is the most.",
    "It is empty.",
    "",
    "A message carries at most 3 files."
  ])
  expect(uploads).toHaveLength(1)
})

test("what failed says why, can be tried again, and holds up no other", async () => {
  const tray = trayOf()
  const [first] = tray.add([file("a"), file("b")])
  await settled()
  uploads[0].reject(new ApiError("The picture is too large."))
  await settled()
  expect([tray.failed, first.words]).toEqual([first, "The picture is too large."])
  uploads[1].resolve({ id: "2", name: "b", size: 3 })
  await settled()
  tray.retry(first)
  await settled()
  uploads[2].resolve({ id: "1", name: "a", size: 3 })
  await settled()
  expect([tray.failed, tray.ready.map(({ id }) => id)]).toEqual([undefined, ["1", "2"]])
})

test("what the server refused for what it is need not be tried again; what came too fast may", async () => {
  const tray = trayOf()
  const items = tray.add([file("a"), file("b")])
  await settled()
  uploads[0].reject(new ApiError("Too large.", { status: 400 }))
  await settled()
  uploads[1].reject(new ApiError("Wait 2 s.", { status: 429 }))
  await settled()
  expect(items.map(({ final }) => final)).toEqual([true, false])
})

test("what is taken out is stopped, and what had not begun never begins", async () => {
  const tray = trayOf()
  const [first, second] = tray.add([file("a"), file("b")])
  await settled()
  tray.remove(second)
  expect(tray.remove(first)).toBe(undefined)
  expect(uploads[0].stop).toHaveBeenCalled()
  uploads[0].reject(new ApiError("stopped"))
  await settled()
  expect([uploads.length, tray.items.length]).toEqual([1, 0])
  expect(changed).toHaveBeenCalledTimes(1)
})

test("what was ready on another day is there again", () => {
  const tray = trayOf()
  const [item] = tray.restore([{ id: "1", name: "a.txt", size: 8 }])
  expect([item.state, item.name, tray.ready[0].id]).toEqual(["ready", "a.txt", "1"])
  expect(tray.remove(item).id).toBe("1")
})
