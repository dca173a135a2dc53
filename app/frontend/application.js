import "@hotwired/turbo"
import { Application } from "@hotwired/stimulus"
import controllers from "./controllers/*_controller.js"
import { csrfToken } from "./models/api"

const application = Application.start()
for (const [file, { default: controller }] of Object.entries(controllers)) {
  application.register(file.replace("_controller", "").replaceAll("_", "-"), controller)
}

// A form may stand in what was rendered for everybody, without a token of its own.
document.addEventListener("turbo:before-fetch-request", ({ detail: { fetchOptions } }) => {
  if (fetchOptions.method !== "GET") fetchOptions.headers["X-CSRFToken"] = csrfToken()
})

// Turbo gives up the load of a frame that goes away with its page, and leaves nobody to hear of it. Nothing was lost.
window.addEventListener("unhandledrejection", event => {
  if (event.reason?.name === "AbortError") event.preventDefault()
})
