// What can be done for a person: the same at the desk and on their page.
import type { CardView } from "../../../shared/generated/CardView";
import type { PersonHit } from "../../../shared/generated/PersonHit";
import type { PersonView } from "../../../shared/generated/PersonView";
import { t } from "../../../shared/words/words.svelte";
import { laterKeys, type Action } from "../core/actions.svelte";
import type { Attempt } from "../core/attempt.svelte";
import { heardCase, live } from "../core/live.svelte";
import { nav } from "../core/nav.svelte";
import { station } from "../core/station";

/** A card that is theirs and not yet void: what F8 is about. */
export function cardInForce(view: PersonView | null): CardView | undefined {
  return view?.cards.find((card) => card.state === "active" || card.state === "blocked");
}

/** Of a person who is still being looked for. */
export const personKeysLater = laterKeys("F2", "F8", "F9", "Ctrl+E");

export interface Offered {
  issue: Action;
  open: Action;
  voidCard: Action;
  edit: Action;
  history: Action;
}

export function personActions(
  hit: PersonHit,
  view: PersonView | null,
  attempt: Attempt,
  askVoid: () => void,
  onPage: boolean,
): Offered {
  const open = live.status?.cases.find((one) => one.person.id === hit.id);
  const card = cardInForce(view);
  const issue: Action = open
    ? {
        id: "issue",
        label: t("issue.continue", { step: t(`step.${open.step || "data"}` as "step.data") }),
        key: "F2",
        main: true,
        run: () => nav.go({ at: "case", id: open.id }),
      }
    : {
        id: "issue",
        label: attempt.busy ? t("issue.opening") : t("issue"),
        key: "F2",
        main: hit.standing === "no_card",
        busy: attempt.busy,
        // Whether a card of theirs is in force is known once they have been read.
        later: view === null && live.may("issue"),
        refused: !live.may("issue")
          ? t("refused.right")
          : hit.standing === "left"
            ? t("issue.refused.left")
            : card
              ? t("issue.refused.card", { number: card.number })
              : undefined,
        run: () =>
          void attempt.run(async () => {
            const made = await station.caseOpen(hit.id);
            heardCase(made);
            nav.go({ at: "case", id: made.id });
          }),
      };
  return {
    issue,
    open: {
      id: "person-open",
      label: t("person.open"),
      main: !issue.main && !onPage,
      key: onPage ? undefined : "Enter",
      run: () => nav.go({ at: "person", id: hit.id }),
    },
    voidCard: {
      id: "card-void",
      label: t("void.ask"),
      key: "F8",
      danger: Boolean(card) && live.may("void"),
      later: view === null && live.may("void"),
      refused: !card ? t("void.refused.none") : live.may("void") ? undefined : t("refused.right"),
      run: askVoid,
    },
    edit: {
      id: "person-edit",
      label: t("person.edit"),
      key: "Ctrl+E",
      refused: live.may("person.change") ? undefined : t("refused.right"),
      run: () => nav.go({ at: "person", id: hit.id, edit: true }),
    },
    history: {
      id: "person-history",
      label: t("history"),
      key: "F9",
      run: () => nav.go({ at: "history", kind: "person", id: hit.id, name: hit.name }),
    },
  };
}
