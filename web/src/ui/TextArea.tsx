import { type ComponentProps, type RefObject, useLayoutEffect, useRef } from "react";
import { classes } from "./classes";
import { Field, type FieldProps } from "./Field";
import styles from "./Field.module.css";
import growing from "./TextArea.module.css";

/** Browsers with `field-sizing` do it by themselves. */
const growsByItself = () =>
	typeof CSS !== "undefined" && CSS.supports?.("field-sizing", "content") === true;

function useGrow(ref: RefObject<HTMLTextAreaElement | null>, value: unknown) {
	useLayoutEffect(() => {
		const area = ref.current;
		if (!area || growsByItself()) return;
		area.style.blockSize = "auto";
		area.style.blockSize = `${area.scrollHeight + area.offsetHeight - area.clientHeight}px`;
	}, [ref, value]);
}

/** A bare text area that is as high as its text; `max-block-size` in CSS bounds it. */
export function GrowingText({ ref, className, rows = 1, ...rest }: ComponentProps<"textarea">) {
	const own = useRef<HTMLTextAreaElement>(null);
	useGrow(own, rest.value);
	return (
		<textarea
			{...rest}
			rows={rows}
			ref={(element) => {
				own.current = element;
				if (typeof ref === "function") return ref(element);
				if (ref) ref.current = element;
			}}
			className={classes(growing.growing, className)}
		/>
	);
}

export type TextAreaProps = FieldProps & ComponentProps<"textarea">;

/** Several lines of text; it grows with them. */
export function TextArea({
	label,
	labelHidden,
	hint,
	error,
	id,
	className,
	...rest
}: TextAreaProps) {
	return (
		<Field label={label} labelHidden={labelHidden} hint={hint} error={error} id={id}>
			{(names) => (
				<GrowingText
					{...rest}
					{...names}
					className={classes(styles.control, styles.area, className)}
				/>
			)}
		</Field>
	);
}
