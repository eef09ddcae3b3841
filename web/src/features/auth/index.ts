export { LogIn } from "./LogIn";
export { NewPassword } from "./NewPassword";
export { SignUp } from "./SignUp";
export { safePlace, useNext, withNext } from "./useNext";
