// The log stays where the reader is: at the end it follows, elsewhere nothing moves.
const NEAR = 80

export class ScrollKeeper {
  constructor(element) {
    this.element = element
  }

  get atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.element
    return scrollHeight - scrollTop - clientHeight <= NEAR
  }

  toEnd() {
    this.element.scrollTop = this.element.scrollHeight
  }

  // Something comes at the end, or changes there: follow if the reader is at the end. True when it followed.
  following(change) {
    const follow = this.atEnd
    change()
    if (follow) this.toEnd()
    return follow
  }

  // Something comes above: what the reader looks at stays under their eyes. Browsers that anchor by themselves do nothing at the
  // very top, so it is done here for all.
  keeping(change) {
    const { scrollHeight, scrollTop } = this.element
    change()
    this.element.scrollTop = scrollTop + this.element.scrollHeight - scrollHeight
  }
}
