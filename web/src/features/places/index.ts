export { PlaceLink } from "./PlaceLink";
export * from "./places";
export { useMedia } from "./useMedia";
