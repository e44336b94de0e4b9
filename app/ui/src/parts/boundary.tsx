// A region that breaks shows that it broke; the rest of the page works on.
import { Component, type ReactNode } from "react";
import { Failure } from "./failure";

type Props = {
  children: ReactNode;
  fallback?: (retry: () => void) => ReactNode;
  /** Another value begins without the error. */
  resetKey?: string;
};

export class Boundary extends Component<Props, { error: unknown }> {
  override state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override componentDidUpdate({ resetKey }: Props) {
    if (resetKey !== this.props.resetKey && this.state.error !== null) this.retry();
  }

  retry = () => this.setState({ error: null });

  override render() {
    if (this.state.error === null) return this.props.children;
    return this.props.fallback?.(this.retry) ?? <Failure error={this.state.error} onRetry={this.retry} />;
  }
}
