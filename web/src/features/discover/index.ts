export { Discover } from "./Discover";
