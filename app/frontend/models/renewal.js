// A page that is open takes over what has changed on the server. What stayed the same is not touched: it keeps its focus and what is open.
export function renew(page, fresh, { parts, list }) {
  for (const id of parts) replaceIfChanged(page.getElementById(id), fresh.getElementById(id))
  renewItems(page.getElementById(list), fresh.getElementById(list))
}

function renewItems(here, there) {
  const known = new Map([...here.children].map(item => [item.id, item]))
  const items = [...there.children].map(item => {
    const old = item.id && known.get(item.id)
    if (!old) return item
    if (old.dataset.state === item.dataset.state) return old
    keepOpen(old, item)
    return item
  })
  if (items.some((item, place) => item !== here.children[place]) || items.length !== here.children.length) here.replaceChildren(...items)
}

function replaceIfChanged(old, item) {
  if (old && item && old.dataset.state !== item.dataset.state) old.replaceWith(item)
}

function keepOpen(old, item) {
  const was = old.querySelector("details")
  const now = item.querySelector("details")
  if (was?.open && now) now.open = true
}
