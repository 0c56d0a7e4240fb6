// What is asked about a person who is not there yet, as the station asks it.
import type { PersonField } from "../../../shared/generated/PersonField";

const form: [name: string, required: boolean, longest: number][] = [
  ["given_name", true, 80],
  ["family_name", true, 80],
  ["display_name", false, 120],
  ["staff_no", true, 20],
  ["unit", false, 80],
  ["title", false, 80],
  ["email", false, 254],
];

export const emptyFields: PersonField[] = form.map(([name, required, longest]) => ({
  name,
  value: "",
  required,
  longest,
}));
