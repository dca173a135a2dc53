// Whether a key belongs to an input method, such as the Enter that chooses a word. Safari says so by the key code alone.
export const composes = event => event.isComposing || event.keyCode === 229
