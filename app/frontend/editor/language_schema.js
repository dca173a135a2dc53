// The JSON Schema of bot files, asked by path. A path is the keys from the top of the file; any number stands for an entry of a list.
export class LanguageSchema {
  constructor(schema) {
    this.schema = schema
  }

  // [{name, description, type, known}] that may stand at `path`. `known` is false for a pattern's keys, which have no name.
  keysAt(path) {
    const found = new Map()
    for (const node of this.#nodes(path)) {
      for (const [name, inner] of Object.entries(node.properties ?? {})) {
        if (!found.has(name)) found.set(name, { name, ...this.#said(inner) })
      }
    }
    return [...found.values()]
  }

  // The words that may stand at `path` as a value.
  valuesAt(path) {
    const found = new Set()
    for (const node of this.#nodes(path)) {
      for (const value of node.enum ?? []) found.add(String(value))
      if ("const" in node) found.add(String(node.const))
      if (node.type === "boolean") for (const value of ["true", "false"]) found.add(value)
    }
    return [...found]
  }

  // {description, type, values, default} of the key at `path`; null when there is no such key.
  about(path) {
    const parents = this.#nodes(path.slice(0, -1))
    const inner = parents.map(node => node.properties?.[path.at(-1)]).find(Boolean)
    return inner ? { ...this.#said(inner), values: this.valuesAt(path), default: this.#default(inner) } : null
  }

  // Whether any key may stand at `path` (a custom step's settings), so that none is wrong.
  isOpen(path) {
    const nodes = this.#nodes(path).filter(node => node.properties || node.patternProperties || node.type === "object")
    return nodes.length === 0 || nodes.some(node => node.additionalProperties !== false)
  }

  allows(path, key) {
    return this.#nodes([...path, key]).length > 0 || this.isOpen(path)
  }

  #nodes(path) {
    let nodes = this.#spread(this.schema)
    for (const part of path) nodes = nodes.flatMap(node => this.#step(node, part))
    return nodes
  }

  #step(node, part) {
    if (typeof part === "number") return node.items ? this.#spread(node.items) : []
    if (node.properties?.[part] !== undefined) return this.#spread(node.properties[part])
    const pattern = Object.entries(node.patternProperties ?? {}).find(([words]) => new RegExp(words, "u").test(part))
    if (pattern) return this.#spread(pattern[1])
    return typeof node.additionalProperties === "object" ? this.#spread(node.additionalProperties) : []
  }

  // All that a node may be: references followed, alternatives side by side.
  #spread(node, depth = 0) {
    if (!node || typeof node !== "object" || depth > 12) return []
    const target = node.$ref ? this.#target(node.$ref) : null
    const others = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])]
    const own = target || others.length ? [] : [node]
    return [...own, ...this.#spread(target, depth + 1), ...others.flatMap(other => this.#spread(other, depth + 1))]
  }

  #target(reference) {
    return reference
      .replace(/^#\//, "")
      .split("/")
      .reduce((node, part) => node?.[part], this.schema)
  }

  #said(node) {
    const nodes = this.#spread(node)
    const described = [node, ...nodes].find(({ description }) => description)
    const types = new Set(nodes.flatMap(({ type }) => type ?? []).filter(type => type !== "null"))
    return { description: described?.description ?? "", type: [...types].map(type => NAMES[type] ?? type).join(" or ") }
  }

  #default(node) {
    const value = node.default
    return value === undefined || value === null || value === "" || typeof value === "object" ? "" : String(value)
  }
}

const NAMES = { string: "text", integer: "a number", number: "a number", boolean: "true or false", array: "a list", object: "a map" }
