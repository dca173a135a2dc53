import { Controller } from "@hotwired/stimulus"
import { plotted } from "../models/plot_table"

// Plots of the numbers in a table beside them. Chart.js comes with the first of them, not with every page.
export default class extends Controller {
  static targets = ["canvas"]
  static values = { table: String, kind: String }

  #charts = []
  #theme = new MutationObserver(() => this.draw())
  #system = matchMedia("(prefers-color-scheme: dark)")

  async connect() {
    this.#theme.observe(document.documentElement, { attributeFilter: ["data-theme"] })
    this.#system.addEventListener("change", this.draw)
    const { drawPlot } = await import("../models/plots")
    this.drawPlot = drawPlot
    await document.fonts.ready
    this.draw()
  }

  disconnect() {
    this.#theme.disconnect()
    this.#system.removeEventListener("change", this.draw)
    this.#clear()
  }

  // In the colours of the theme: again when it changes.
  draw = () => {
    if (!this.drawPlot || !this.element.isConnected) return
    this.#clear()
    const table = document.getElementById(this.tableValue)
    this.#charts = this.canvasTargets.map(canvas => {
      const { columns, unit, tone } = canvas.dataset
      return this.drawPlot(canvas, { kind: this.kindValue, unit, tone, ...plotted(table, columns.split(" "), this.kindValue) })
    })
    this.element.dataset.drawn = this.#charts.length
  }

  #clear() {
    for (const chart of this.#charts) chart.destroy()
    this.#charts = []
  }
}
