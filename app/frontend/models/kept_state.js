// A message may be rendered anew at any time, by what others do. What a reader has open in it stays open: this remembers it by the
// message's id, from the moment the old article goes to the moment the new one comes, and when the reader comes back to the room.
const opened = new Set()
const forms = new Map()

export const isOpen = id => opened.has(id)
export const setOpen = (id, open) => (open ? opened.add(id) : opened.delete(id))

// A form stays the very same element, with what was typed in it; the field that was written in gets the focus back.
export function keep(key, form) {
  forms.set(key, form)
  form.addEventListener("focusin", ({ target }) => {
    form.writing = target
  })
  // What leaves the page loses the focus too, but that is not the reader's doing.
  form.addEventListener("focusout", () =>
    queueMicrotask(() => {
      if (form.isConnected) form.writing = null
    })
  )
}

export function kept(key) {
  return forms.get(key)
}

export function refocus(form) {
  form.writing?.focus({ preventScroll: true })
}

export function drop(key) {
  forms.get(key)?.remove()
  forms.delete(key)
}
