import { initials } from "./initials"

// What stands in an avatar: the picture of whoever has one, which the page brought along, else the initials.
export function showFace(avatar, { username, name, is_bot }) {
  const pictures = document.getElementById("faces-template")?.content.children ?? []
  const picture = [...pictures].find(one => one.dataset.of === username)
  avatar.replaceChildren(picture ? picture.cloneNode(true) : initials(name))
  avatar.classList.toggle("avatar--bot", is_bot)
}
