import { Component, lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "../../ui";
import type { FloatsProps } from "./Dialogs";

/** They are no part of the first load. */
export const loadFloats = () => import("./Dialogs");

const Dialogs = lazy(() => loadFloats().then((it) => ({ default: it.Dialogs })));

/** What floats above the page when it is asked for. */
export function Floats(props: FloatsProps) {
	const { t } = useTranslation("errors");
	const { floating, hide } = props;
	const [asked, setAsked] = useState(false);
	useEffect(() => {
		if (floating !== null) setAsked(true);
	}, [floating]);
	if (!asked) return null;
	const failed = () => {
		toast({ text: t("boundary.load_title"), kind: "danger" });
		setAsked(false);
		hide();
	};
	return (
		<Boundary onError={failed}>
			<Suspense fallback={null}>
				<Dialogs {...props} />
			</Suspense>
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
