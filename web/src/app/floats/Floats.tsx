import { Component, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "../../ui";
import { part } from "../part";
import type { FloatsProps } from "./Dialogs";

export const Dialogs = part(() => import("./Dialogs").then((it) => it.Dialogs));

/** What floats above the page when it is asked for. */
export function Floats(props: FloatsProps) {
	const { t } = useTranslation("errors");
	const { floating, hide } = props;
	const [wanted, setWanted] = useState(false);
	if (floating !== null && !wanted) setWanted(true);
	if (!wanted) return null;
	const failed = () => {
		toast({ text: t("boundary.load_title"), kind: "danger" });
		setWanted(false);
		hide();
	};
	return (
		<Boundary onError={failed}>
			<Dialogs {...props} />
		</Boundary>
	);
}

/** Without the network a dialog may be missing; the page goes on. */
class Boundary extends Component<
	{ onError: () => void; children: ReactNode },
	{ broken: boolean }
> {
	override state = { broken: false };

	static getDerivedStateFromError() {
		return { broken: true };
	}

	override componentDidCatch() {
		this.props.onError();
	}

	override render() {
		return this.state.broken ? null : this.props.children;
	}
}
