// Light, dark, or as the system says.
import type { Theme } from "../../../shared/generated/Theme";

export function applyTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
