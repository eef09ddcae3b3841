import * as Ariakit from "@ariakit/react";
import type { ReactNode } from "react";
import styles from "./Tabs.module.css";

export interface TabsProps {
	/** What the tabs are about. */
	label: string;
	tabs: readonly { id: string; label: ReactNode; content: ReactNode }[];
	value?: string | undefined;
	onChange?: ((id: string) => void) | undefined;
}

/** Several panels in one place; arrow keys go from tab to tab. */
export function Tabs({ label, tabs, value, onChange }: TabsProps) {
	const rtl = typeof document !== "undefined" && document.documentElement.dir === "rtl";
	const store = Ariakit.useTabStore({
		rtl,
		...(value === undefined ? {} : { selectedId: value }),
		setSelectedId: (id) => {
			if (id) onChange?.(id);
		},
	});
	return (
		<Ariakit.TabProvider store={store}>
			<Ariakit.TabList aria-label={label} className={styles.list}>
				{tabs.map((it) => (
					<Ariakit.Tab key={it.id} id={it.id} className={styles.tab}>
						{it.label}
					</Ariakit.Tab>
				))}
			</Ariakit.TabList>
			{tabs.map((it) => (
				<Ariakit.TabPanel key={it.id} tabId={it.id} unmountOnHide className={styles.panel}>
					{it.content}
				</Ariakit.TabPanel>
			))}
		</Ariakit.TabProvider>
	);
}
