export { type Handler, type Scope, useShortcut } from "./registry";
export { ShortcutSheet } from "./ShortcutSheet";
