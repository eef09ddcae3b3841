import type { MenuItem, MenuSeparator } from "@ariakit/react";
import { createContext } from "react";

/** What the items of a menu are made of; it comes with the menu that holds them. */
export const MenuParts = createContext<{
	Item: typeof MenuItem;
	Separator: typeof MenuSeparator;
} | null>(null);
