// A table of numbers as a plot wants it: a row is a place on the x axis, a column a series. What the plot shows is what the table says.
export function plotted(table, names, kind) {
  const heads = [...table.tHead.rows[0].cells]
  const columns = names.map(name => heads.findIndex(head => head.dataset.column === name))
  const rows = [...table.tBodies[0].rows]
  if (kind === "bar") rows.reverse() // the newest version stands first in the table, and last in the plot
  return {
    labels: rows.map(row => row.dataset.label),
    series: columns.map(column => ({ name: heads[column].textContent.trim(), values: rows.map(row => number(row.cells[column])) })),
    marks: rows.flatMap((row, at) => (row.dataset.mark ? [{ at, text: `version ${row.dataset.mark}` }] : []))
  }
}

const number = ({ dataset: { value } }) => (value === "" ? null : Number(value))
