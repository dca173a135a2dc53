import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip
} from "chart.js"

Chart.register(BarController, BarElement, CategoryScale, Filler, LinearScale, LineController, LineElement, PointElement, Tooltip)

export const formats = {
  percent: value => `${Math.round(value * 1000) / 10} %`,
  seconds: value =>
    value < 1 ? `${Math.round(value * 1000)} ms` : value < 100 ? `${Math.round(value * 10) / 10} s` : `${Math.round(value / 60)} min`
}

// A plot on a canvas. `series` are {name, values}, a null where there is nothing to show; `marks` are {at, text}: versions that went live.
export function drawPlot(canvas, { kind, unit, tone, labels, series, marks }) {
  const style = getComputedStyle(canvas)
  const token = name => style.getPropertyValue(`--${name}`).trim()
  const colour = token(tone || "bot")
  return new Chart(canvas, {
    type: kind,
    data: { labels, datasets: series.map((one, place) => dataset(one, { kind, colour, place, token })) },
    options: {
      animation: false,
      maintainAspectRatio: false,
      locale: "en",
      interaction: { mode: "index", intersect: false },
      layout: { padding: { top: marks.length ? 16 : 6 } },
      scales: {
        x: {
          border: { color: token("line-strong") },
          grid: { display: false },
          ticks: { color: token("soft"), font: font(style), maxTicksLimit: 6, maxRotation: 0, autoSkipPadding: 12 }
        },
        y: {
          ...range(unit, series, kind),
          border: { display: false },
          grid: { color: token("line"), tickLength: 0 },
          ticks: { color: token("soft"), font: font(style), maxTicksLimit: 4, padding: 8, callback: formats[unit] }
        }
      },
      plugins: {
        tooltip: {
          backgroundColor: token("ink"),
          titleColor: token("surface"),
          bodyColor: token("surface"),
          titleFont: font(style),
          bodyFont: font(style),
          padding: 8,
          displayColors: false,
          callbacks: { label: ({ dataset: { label }, parsed: { y } }) => (y === null ? "" : `${label}: ${formats[unit](y)}`) }
        }
      }
    },
    plugins: [versions(marks, { line: token("control-line"), words: token("soft"), font: font(style) })]
  })
}

const font = style => ({ family: style.fontFamily, size: 11 })

// Shares that are all small would lie on the floor of a scale to 100 %; those that are all high, under its ceiling. Bars begin at nothing:
// their length is what one reads.
export function range(unit, series, kind) {
  const values = series.flatMap(one => one.values).filter(value => value !== null)
  if (unit !== "percent" || !values.length) return { min: 0 }
  const [lowest, highest] = [Math.min(...values), Math.max(...values)]
  if (lowest >= 0.5 && kind !== "bar") return { min: Math.floor(lowest * 5 - 0.5) / 5, max: 1 }
  return { min: 0, max: Math.min(1, Math.max(0.1, Math.ceil(highest * 12) / 10)) }
}

// The first is what the plot is about: a full line over an area. The second is dashed and grey, the third dotted.
function dataset({ name, values }, { kind, colour, place, token }) {
  const tone = [colour, token("control-line"), `color-mix(in srgb, ${colour} 55%, transparent)`][place]
  const shown = { label: name, data: values }
  if (kind === "bar") return { ...shown, backgroundColor: tone, borderRadius: 4, maxBarThickness: 36 }
  const alone = values.filter(value => value !== null).length === 1
  return {
    ...shown,
    borderColor: place === 1 ? tone : colour,
    borderWidth: place ? 1.5 : 2,
    borderDash: [[], [3, 3], [1, 3]][place],
    backgroundColor: `color-mix(in srgb, ${colour} 12%, transparent)`,
    fill: place ? false : "start",
    tension: 0.25,
    spanGaps: true,
    pointRadius: alone ? 4 : 0,
    pointHoverRadius: 4,
    pointBackgroundColor: tone
  }
}

// Dashed lines where versions went live. Of those that stand close together only the last says its number.
function versions(marks, { line, words, font: { family, size } }) {
  return {
    id: "versions",
    afterDatasetsDraw({ ctx, chartArea: { top, bottom, right }, scales: { x } }) {
      ctx.save()
      Object.assign(ctx, { font: `${size}px ${family}`, fillStyle: words, strokeStyle: line, lineWidth: 1, textBaseline: "bottom" })
      ctx.setLineDash([3, 3])
      const starts = marks.map(({ at, text }) => Math.min(x.getPixelForValue(at), right - ctx.measureText(text).width))
      for (const [place, { at, text }] of marks.entries()) {
        const left = x.getPixelForValue(at)
        ctx.beginPath()
        ctx.moveTo(left, top - 4)
        ctx.lineTo(left, bottom)
        ctx.stroke()
        const next = starts[place + 1] ?? Number.POSITIVE_INFINITY
        if (next - starts[place] > ctx.measureText(text).width + 8) ctx.fillText(text, starts[place], top - 5)
      }
      ctx.restore()
    }
  }
}
