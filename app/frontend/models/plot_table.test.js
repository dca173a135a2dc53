import { beforeEach, expect, test } from "vitest"
import { plotted } from "./plot_table"

beforeEach(() => {
  document.body.innerHTML = `<table><thead><tr><th>day</th><th data-column="accepted"> accepted </th><th data-column="failed">failed</th></tr></thead><tbody>
    <tr data-label="1 May"><th>Fri 1 May</th><td data-value="0.5">50 %</td><td data-value="">–</td></tr>
    <tr data-label="2 May" data-mark="7"><th>Sat 2 May</th><td data-value="1">100 %</td><td data-value="0">0 %</td></tr></tbody></table>`
})

const table = () => document.querySelector("table")

test("what a plot shows is what the table says, and nothing where it says nothing", () => {
  expect(plotted(table(), ["accepted", "failed"], "line")).toEqual({
    labels: ["1 May", "2 May"],
    series: [
      { name: "accepted", values: [0.5, 1] },
      { name: "failed", values: [null, 0] }
    ],
    marks: [{ at: 1, text: "version 7" }]
  })
})

test("bars stand from the oldest to the newest", () => {
  expect(plotted(table(), ["accepted"], "bar").labels).toEqual(["2 May", "1 May"])
})
