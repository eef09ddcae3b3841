import type { ReactNode } from "react";
import styles from "./Part.module.css";

/** One matter of the settings, under its title. */
export function Part({ title, children }: { title: string; children: ReactNode }) {
	return (
		<section className={styles.part}>
			<h2 className={styles.title}>{title}</h2>
			{children}
		</section>
	);
}
