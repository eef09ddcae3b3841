export { Details } from "./Details";
