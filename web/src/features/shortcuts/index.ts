export { type Handler, type Scope, useShortcut } from "./registry";
