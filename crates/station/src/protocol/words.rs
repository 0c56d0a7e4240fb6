//! The words of a protocol page in the four languages of the station. They stay with the page: what was signed by hand must
//! read the same when the window's words have changed.

use super::{Deed, How};

pub(super) struct Words {
    language: &'static str,
    pub heading: &'static str,
    pub station: &'static str,
    pub real: &'static str,
    pub rehearsal: &'static str,
    pub seal: &'static str,
    pub time: &'static str,
    pub by: &'static str,
    pub did: &'static str,
    pub witnessed: &'static str,
    pub done: &'static str,
    pub set: &'static str,
    pub site: &'static str,
    pub key: &'static str,
    pub vault: &'static str,
    pub token: &'static str,
    pub check_value: &'static str,
    pub footnote: &'static str,
    pub covered: &'static str,
    pub entry: &'static str,
    pub signatures: &'static str,
    made: [&'static str; 2],
    imported: [&'static str; 2],
    copied: &'static str,
    backed_up: &'static str,
    site_made: &'static str,
    to_passphrase: &'static str,
    to_shares: &'static str,
    proved: &'static str,
    proved_by_token: &'static str,
    restored: &'static str,
}

pub(super) fn of(language: &str) -> &'static Words {
    ALL.iter().find(|words| words.language == language).unwrap_or(&ALL[0])
}

impl Words {
    pub(super) fn deed(&self, deed: &Deed) -> String {
        let sealed = |sentence: &str, how: How| {
            let to = match how {
                How::Passphrase => self.to_passphrase.to_owned(),
                How::Shares { threshold, of } => {
                    self.to_shares.replace("{needed}", &threshold.to_string()).replace("{all}", &of.to_string())
                }
            };
            sentence.replace("{to}", &to)
        };
        let counted = |sentence: &str, count: usize| sentence.replace("{count}", &count.to_string());
        match *deed {
            Deed::Made { in_token } => self.made[usize::from(in_token)].to_owned(),
            Deed::Imported { components, in_token } => counted(self.imported[usize::from(in_token)], components),
            Deed::Copied { components } => counted(self.copied, components),
            Deed::BackedUp { how } => sealed(self.backed_up, how),
            Deed::SiteMade { how } => sealed(self.site_made, how),
            Deed::Proved => self.proved.to_owned(),
            Deed::ProvedByToken => self.proved_by_token.to_owned(),
            Deed::Restored => self.restored.to_owned(),
        }
    }
}

static ALL: [Words; 4] = [
    Words {
        language: "en",
        heading: "Key protocol",
        station: "Station",
        real: "real house",
        rehearsal: "REHEARSAL - NOT VALID",
        seal: "Seal",
        time: "Time",
        by: "By",
        did: "did it",
        witnessed: "was there",
        done: "Done",
        set: "Set",
        site: "Site",
        key: "Key",
        vault: "in the vault",
        token: "in token",
        check_value: "check value",
        footnote: "A check value is the first three bytes of the AES-CMAC of a zero block.",
        covered: "SHA-256 of the lines above:",
        entry: "This station's signed history, last entry of this act, and its hash:",
        signatures: "Signatures",
        made: ["a key made at random in the vault", "a key made at random in the token"],
        imported: [
            "a key put together of {count} components, into the vault",
            "a key put together of {count} components, into the token",
        ],
        copied: "a key put together of {count} components again, into a second token",
        backed_up: "a backup sealed to {to}",
        site_made: "a site's keys, sealed to {to}",
        to_passphrase: "a passphrase",
        to_shares: "{all} shares, {needed} of which open it",
        proved: "a backup opened; its keys are those in use",
        proved_by_token: "a second token asked; its keys are those in use",
        restored: "keys of a backup taken in",
    },
    Words {
        language: "de",
        heading: "Schlüsselprotokoll",
        station: "Station",
        real: "echtes Haus",
        rehearsal: "PROBE - UNGÜLTIG",
        seal: "Siegel",
        time: "Zeit",
        by: "Durch",
        did: "ausgeführt",
        witnessed: "dabei",
        done: "Getan",
        set: "Satz",
        site: "Standort",
        key: "Schlüssel",
        vault: "im Tresor",
        token: "im Token",
        check_value: "Prüfwert",
        footnote: "Ein Prüfwert sind die ersten drei Bytes des AES-CMAC über einen Nullblock.",
        covered: "SHA-256 der Zeilen darüber:",
        entry: "Signierter Verlauf dieser Station, letzter Eintrag dieser Handlung, sein Hash:",
        signatures: "Unterschriften",
        made: ["einen Schlüssel im Tresor zufällig erzeugt", "einen Schlüssel im Token zufällig erzeugt"],
        imported: [
            "Schlüssel aus {count} Komponenten in den Tresor gebracht",
            "Schlüssel aus {count} Komponenten in das Token gebracht",
        ],
        copied: "Schlüssel aus {count} Komponenten auch in ein zweites Token gebracht",
        backed_up: "eine Sicherung versiegelt mit {to}",
        site_made: "Standortschlüssel, versiegelt mit {to}",
        to_passphrase: "einer Passphrase",
        to_shares: "{all} Anteilen, {needed} davon nötig",
        proved: "eine Sicherung geöffnet; ihre Schlüssel sind die benutzten",
        proved_by_token: "ein zweites Token gefragt; seine Schlüssel sind die benutzten",
        restored: "Schlüssel einer Sicherung übernommen",
    },
    Words {
        language: "fr",
        heading: "Procès-verbal de clés",
        station: "Poste",
        real: "maison réelle",
        rehearsal: "RÉPÉTITION - NON VALABLE",
        seal: "Sceau",
        time: "Heure",
        by: "Par",
        did: "a exécuté",
        witnessed: "était présent",
        done: "Fait",
        set: "Jeu",
        site: "Site",
        key: "Clé",
        vault: "dans le coffre",
        token: "dans le jeton",
        check_value: "valeur de contrôle",
        footnote: "Valeur de contrôle : les 3 premiers octets de l’AES-CMAC d’un bloc nul.",
        covered: "SHA-256 des lignes ci-dessus :",
        entry: "Historique signé de ce poste, dernière entrée de cet acte, son empreinte :",
        signatures: "Signatures",
        made: ["une clé tirée au hasard dans le coffre", "une clé tirée au hasard dans le jeton"],
        imported: [
            "une clé faite de {count} composantes, mise dans le coffre",
            "une clé faite de {count} composantes, mise dans le jeton",
        ],
        copied: "une clé de {count} composantes, mise aussi dans un second jeton",
        backed_up: "une sauvegarde scellée par {to}",
        site_made: "clés d’un site, scellées par {to}",
        to_passphrase: "une phrase secrète",
        to_shares: "{all} parts, dont {needed} l’ouvrent",
        proved: "une sauvegarde ouverte ; ses clés sont celles en usage",
        proved_by_token: "un second jeton interrogé ; ses clés sont celles en usage",
        restored: "les clés d’une sauvegarde reprises",
    },
    Words {
        language: "sv",
        heading: "Nyckelprotokoll",
        station: "Station",
        real: "verkligt hus",
        rehearsal: "ÖVNING - OGILTIG",
        seal: "Sigill",
        time: "Tid",
        by: "Av",
        did: "utförde",
        witnessed: "var med",
        done: "Gjort",
        set: "Uppsättning",
        site: "Plats",
        key: "Nyckel",
        vault: "i valvet",
        token: "i token",
        check_value: "kontrollvärde",
        footnote: "Ett kontrollvärde är de första tre byten av AES-CMAC över ett nollblock.",
        covered: "SHA-256 av raderna ovan:",
        entry: "Stationens signerade historik, handlingens sista post, dess hash:",
        signatures: "Underskrifter",
        made: ["en nyckel slumpad i valvet", "en nyckel slumpad i token"],
        imported: ["en nyckel av {count} komponenter, lagd i valvet", "en nyckel av {count} komponenter, lagd i token"],
        copied: "en nyckel av {count} komponenter, lagd även i en andra token",
        backed_up: "en säkerhetskopia förseglad med {to}",
        site_made: "en plats nycklar, förseglade med {to}",
        to_passphrase: "en lösenfras",
        to_shares: "{all} delar, varav {needed} öppnar den",
        proved: "en säkerhetskopia öppnad; dess nycklar är de som används",
        proved_by_token: "en andra token tillfrågad; dess nycklar är de som används",
        restored: "nycklar ur en säkerhetskopia intagna",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_fits_on_the_page_in_each_language_and_leaves_no_place_unfilled() {
        let how = How::Shares { threshold: 30, of: 30 };
        let deeds = [
            Deed::Made { in_token: true },
            Deed::Imported { components: 3, in_token: false },
            Deed::Copied { components: 3 },
            Deed::BackedUp { how },
            Deed::SiteMade { how },
            Deed::BackedUp { how: How::Passphrase },
            Deed::Proved,
            Deed::ProvedByToken,
            Deed::Restored,
        ];
        for words in &ALL {
            for deed in &deeds {
                let said = words.deed(deed);
                assert!(said.chars().count() + 16 <= lanyard_layout::SHEET_COLUMNS && !said.contains('{'), "{said}");
            }
            for name in [words.station, words.seal, words.time, words.by, words.done, words.set, words.site, words.key]
            {
                assert!(name.chars().count() < 16, "{name}");
            }
            // The number of the entry stands behind it.
            for line in [words.footnote, words.covered, words.entry] {
                assert!(line.chars().count() + 4 <= lanyard_layout::SHEET_COLUMNS, "{line}");
            }
        }
    }
}
