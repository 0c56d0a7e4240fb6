//! `lanyard keys …`: the house's keys, made, brought in, backed up, proved and taken back. Passphrases, PINs, components and
//! shares come from files or prompts, never from the command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use lanyard_keys::{Component, Cost, KeyRef, KeySet, KeySize, KeysError, Limits, SealTo, SealedBy, Share};
use lanyard_secret::SecretBytes;
use lanyard_station::Station;
use lanyard_station::api::{
    Ceremony, Exposed, KeyHit, KeyList, KeyOpening, KeySource, Present, Problem, Stolen, Witness,
};

use crate::commands::{free, read_file, write_new};
use crate::output::{answer, file_problem, line, note, usage_problem};
use crate::secret;

#[derive(Subcommand)]
pub enum KeysCommand {
    /// Every key: version, check value, home, how its backup stands, which encodings use it.
    List,
    /// Make the next version of a key, at random.
    Create {
        /// Its name in encodings.
        name: String,
        /// In the token, which it never leaves, rather than in the vault.
        #[arg(long)]
        in_token: bool,
        #[command(flatten)]
        page: Page,
    },
    /// Make one person's component of a key, at random: for the ceremony that `import` ends.
    Component {
        /// Its new file; only that person reads it.
        to: PathBuf,
        /// For the master of PIV management keys (AES-192).
        #[arg(long)]
        piv: bool,
    },
    /// Make the next version of a key out of the components of two or three people.
    Import {
        /// Its name in encodings.
        name: String,
        /// Files with a component each, `HEX / CHECK VALUE`; without them, prompts.
        #[arg(long = "component", value_name = "FILE")]
        components: Vec<PathBuf>,
        /// How many components are asked for where no file is named.
        #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(2..=3))]
        people: u8,
        /// Into the token, which it never leaves, rather than into the vault.
        #[arg(long)]
        in_token: bool,
        /// No next version: this one, which lives in another token, into the token that is named as well.
        #[arg(long, value_name = "VERSION", requires = "in_token")]
        copy_of: Option<u8>,
        #[command(flatten)]
        page: Page,
    },
    /// Seal the keys into a new file: to a passphrase, or to a random key that is cut into shares.
    Backup {
        /// The new file.
        to: PathBuf,
        /// Only these, as `NAME/VERSION`; none named: all that are in the vault.
        #[arg(long = "key", value_name = "NAME/VERSION")]
        keys: Vec<String>,
        /// In place of the keys, those of this site made of them: for the station there.
        #[arg(long, requires = "keys")]
        site: Option<String>,
        /// So many shares are needed, of so many: `3/5`. Without it, a passphrase.
        #[arg(long, value_name = "NEEDED/ALL")]
        shares: Option<String>,
        /// The folder that each share gets a new file of its own in.
        #[arg(long, value_name = "FOLDER", requires = "shares")]
        shares_to: Option<PathBuf>,
        /// File with the backup's passphrase.
        #[arg(long, value_name = "FILE")]
        backup_passphrase_file: Option<PathBuf>,
        #[command(flatten)]
        page: Page,
    },
    /// Open a backup and compare every key with the one in use: it counts for a year. Without a file: the token that is named
    /// holds them a second time.
    Prove {
        /// The backup.
        from: Option<PathBuf>,
        #[command(flatten)]
        opening: Opening,
        #[command(flatten)]
        page: Page,
    },
    /// Take the keys of a backup into this house's vault.
    Restore {
        /// The backup.
        from: PathBuf,
        #[command(flatten)]
        opening: Opening,
        #[command(flatten)]
        page: Page,
    },
    /// How many cards may get keys in an hour.
    Limit {
        /// By one operator.
        #[arg(long, value_name = "CARDS")]
        per_operator: u32,
        /// At the station.
        #[arg(long, value_name = "CARDS")]
        per_station: u32,
        #[command(flatten)]
        colleagues: Colleagues,
    },
    /// If this station is stolen: which keys and cards are at risk, and what is to be done.
    Exposed {
        /// Its name or id, or the name of a site that got keys from here; without it, this one.
        station: Option<String>,
    },
}

/// Who else is there.
#[derive(Args)]
pub struct Colleagues {
    /// Sign-in name of a colleague who is there; several.
    #[arg(long = "witness", value_name = "LOGIN")]
    witnesses: Vec<String>,
    /// Files with their passwords, in the same order; without them, prompts.
    #[arg(long = "witness-password-file", value_name = "FILE")]
    password_files: Vec<PathBuf>,
}

/// Who else is there, and where the protocol goes.
#[derive(Args)]
pub struct Page {
    #[command(flatten)]
    colleagues: Colleagues,
    /// Write the protocol into this new file instead of standard output: as a page to print where its name ends in `.pdf`.
    #[arg(long, value_name = "FILE")]
    protocol: Option<PathBuf>,
    /// Language of the protocol; without it, the operator's own.
    #[arg(long, value_name = "LANGUAGE", value_parser = ["en", "fr", "de", "sv"])]
    language: Option<String>,
}

/// What opens a backup.
#[derive(Args)]
pub struct Opening {
    /// File with the backup's passphrase.
    #[arg(long, value_name = "FILE")]
    backup_passphrase_file: Option<PathBuf>,
    /// Files with a share each; without them, prompts.
    #[arg(long = "share", value_name = "FILE")]
    shares: Vec<PathBuf>,
}

impl Colleagues {
    fn present(&self) -> Result<Present, Problem> {
        let file = |i: usize| self.password_files.get(i).map(PathBuf::as_path);
        let of = |(i, login): (usize, &String)| {
            let password = secret::read(file(i), &format!("Password of {login}: "))?;
            Ok(Witness { login: login.clone(), password })
        };
        let witnesses = self.witnesses.iter().enumerate().map(of).collect::<Result<_, Problem>>()?;
        Ok(Present { witnesses, language: None })
    }
}

impl Page {
    fn present(&self) -> Result<Present, Problem> {
        Ok(Present { language: self.language.clone(), ..self.colleagues.present()? })
    }

    /// Asked before anything is done whose page could not be written.
    fn free(&self) -> Result<(), Problem> {
        self.protocol.as_deref().map_or(Ok(()), free)
    }

    fn tell(&self, station: &Station, ceremony: &Ceremony, json: bool) -> Result<(), Problem> {
        let written = self.protocol.as_ref().map(|file| {
            let page = match file.extension() {
                Some(kind) if kind.eq_ignore_ascii_case("pdf") => station.key_page(ceremony)?,
                _ => ceremony.protocol.clone().into_bytes(),
            };
            write_new(file, &page)
        });
        answer(json, ceremony, |ceremony| match written {
            Some(Ok(())) => ceremony.keys.iter().map(key_line).collect(),
            // Also where the file failed: it is done, and nobody is ever given the page again.
            _ => ceremony.protocol.lines().map(str::to_owned).collect(),
        });
        written.unwrap_or(Ok(()))
    }
}

impl Opening {
    fn of(&self, file: &[u8]) -> Result<KeyOpening, Problem> {
        match KeySet::head(file).map_err(coded)?.by {
            SealedBy::Passphrase => {
                let passphrase = secret::read(self.backup_passphrase_file.as_deref(), "Passphrase of the backup: ")?;
                Ok(KeyOpening::Passphrase(passphrase))
            }
            SealedBy::Shares { threshold, .. } => {
                let count = if self.shares.is_empty() { usize::from(threshold) } else { self.shares.len() };
                let share = |i: usize| {
                    let file = self.shares.get(i).map(PathBuf::as_path);
                    typed(file, &format!("Share {} of {threshold}: ", i + 1), Share::typed)
                };
                Ok(KeyOpening::Shares((0..count).map(share).collect::<Result<_, _>>()?))
            }
        }
    }
}

/// Carries out what was asked for.
pub fn run(station: &Station, command: &KeysCommand, json: bool) -> Result<(), Problem> {
    match command {
        KeysCommand::List => {
            answer(json, &station.keys()?, list_lines);
            Ok(())
        }
        KeysCommand::Create { name, in_token, page } => {
            page.free()?;
            page.tell(station, &station.key_create(name, &KeySource::Random, *in_token, &page.present()?)?, json)
        }
        KeysCommand::Component { to, piv } => {
            let size = if *piv { KeySize::Aes192 } else { KeySize::Aes128 };
            let component = Component::random(size, &mut |bytes| station.random(bytes));
            write_new(to, component.printed().expose())?;
            note("Component written. Only one person keeps it.");
            let check = component.check_value().to_string();
            answer(json, &BTreeMap::from([("check_value", &check)]), |_| vec![format!("check value {check}")]);
            Ok(())
        }
        KeysCommand::Import { name, components, people, in_token, copy_of, page } => {
            page.free()?;
            let count = if components.is_empty() { usize::from(*people) } else { components.len() };
            let component = |i: usize| {
                let file = components.get(i).map(PathBuf::as_path);
                typed(file, &format!("Component {} of {count} (hex / check value): ", i + 1), Component::typed)
            };
            let components: Vec<Component> = (0..count).map(component).collect::<Result<_, _>>()?;
            let ceremony = match copy_of {
                Some(version) => {
                    let of = KeyRef::new(name, *version).map_err(coded)?;
                    station.key_copy(&of, &components, &page.present()?)?
                }
                None => station.key_create(name, &KeySource::Components(components), *in_token, &page.present()?)?,
            };
            page.tell(station, &ceremony, json)
        }
        KeysCommand::Backup { to, keys, site, shares, shares_to, backup_passphrase_file, page } => {
            page.free()?;
            free(to)?;
            let named = keys.iter().map(|text| key_named(text)).collect::<Result<Vec<_>, _>>()?;
            let passphrase;
            let seal = match shares {
                Some(text) => {
                    let counts = text.split_once('/').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
                    let (threshold, of) = counts.ok_or_else(|| usage_problem("--shares", text))?;
                    room_for_shares(of, shares_to.as_deref(), json)?;
                    SealTo::Shares { threshold, of }
                }
                None => {
                    passphrase = secret::read(backup_passphrase_file.as_deref(), "New passphrase of the backup: ")?;
                    SealTo::Passphrase(&passphrase, Cost::REAL)
                }
            };
            let (sealed, ceremony) = station.key_backup(&named, site.as_deref(), &seal, &page.present()?)?;
            write_new(to, &sealed.file)?;
            for share in &sealed.shares {
                give(share, shares_to.as_deref())?;
            }
            note("Backup written. Prove it: lanyard keys prove");
            page.tell(station, &ceremony, json)
        }
        KeysCommand::Prove { from, opening, page } => {
            page.free()?;
            let ceremony = match from {
                Some(from) => {
                    let file = read_file(from)?;
                    station.key_prove(&file, &opening.of(&file)?, &page.present()?)?
                }
                None => station.key_prove_by_token(&page.present()?)?,
            };
            page.tell(station, &ceremony, json)
        }
        KeysCommand::Restore { from, opening, page } => {
            page.free()?;
            let file = read_file(from)?;
            page.tell(station, &station.key_restore(&file, &opening.of(&file)?, &page.present()?)?, json)
        }
        KeysCommand::Limit { per_operator, per_station, colleagues } => {
            let limits = Limits { operator: *per_operator, station: *per_station };
            answer(json, &station.key_limit(limits, &colleagues.present()?)?, list_lines);
            Ok(())
        }
        KeysCommand::Exposed { station: name } => {
            answer(json, &station.keys_exposed(name.as_deref())?, exposed_lines);
            Ok(())
        }
    }
}

/// Asked before the keys are sealed to shares that could not be given to anybody.
fn room_for_shares(of: u8, folder: Option<&Path>, json: bool) -> Result<(), Problem> {
    match folder {
        Some(folder) if !folder.is_dir() => Err(file_problem(folder, &std::io::ErrorKind::NotFound.into())),
        Some(folder) => (1..=of).try_for_each(|number| free(&share_file(folder, number, of))),
        None if json => Err(usage_problem("--shares-to", "")),
        None => Ok(()),
    }
}

fn share_file(folder: &Path, number: u8, of: u8) -> PathBuf {
    folder.join(format!("share-{number}-of-{of}.txt"))
}

/// A share goes to one person: into a file of its own, or onto the screen, once.
fn give(share: &Share, folder: Option<&Path>) -> Result<(), Problem> {
    let printed = share.printed();
    let (number, of, needed) = (share.number(), share.of(), share.threshold());
    if let Some(folder) = folder {
        return write_new(&share_file(folder, number, of), printed.expose());
    }
    line(&format!("Share {number} of {of}, {needed} are needed. For one person; it is shown once."));
    line(&format!("  {}\n", String::from_utf8_lossy(printed.expose())));
    Ok(())
}

fn typed<T>(file: Option<&Path>, prompt: &str, read: impl Fn(&str) -> Result<T, KeysError>) -> Result<T, Problem> {
    let text: SecretBytes = secret::read(file, prompt)?;
    read(&String::from_utf8_lossy(text.expose())).map_err(coded)
}

fn key_named(text: &str) -> Result<KeyRef, Problem> {
    let parts = text.rsplit_once('/').and_then(|(name, version)| Some((name, version.parse().ok()?)));
    let (name, version) = parts.ok_or_else(|| usage_problem("--key", text))?;
    KeyRef::new(name, version).map_err(coded)
}

fn coded(error: KeysError) -> Problem {
    Problem::from(&error)
}

fn key_line(key: &KeyHit) -> String {
    let encodings = if key.encodings.is_empty() { "-".to_owned() } else { key.encodings.join(" ") };
    format!("{}/{}\t{}\t{}\tbackup {}\t{encodings}", key.name, key.version, key.check_value, key.home, key.proof)
}

fn list_lines(list: &KeyList) -> Vec<String> {
    let mut lines: Vec<String> = list.keys.iter().map(key_line).collect();
    lines.push(format!("{} cards an hour per operator, {} at the station", list.limit_operator, list.limit_station));
    lines
}

fn exposed_lines(exposed: &Exposed) -> Vec<String> {
    let mut lines = vec![format!("{}: keys and cards at risk", exposed.station)];
    for key in &exposed.keys {
        let word = match (exposed.stolen, key.exposed) {
            (Stolen::Own, true) => "EXPOSED",
            (Stolen::Own, false) => "not exposed",
            (Stolen::Site, _) => "not exposed, but the site's that was made of it",
        };
        let name = format!("{}/{}", key.key.name, key.key.version);
        lines.push(format!("{name}\t{}\t{word}\t{} cards\t{}", key.key.home, key.cards.len(), key.cards.join(" ")));
    }
    lines.push("What to do:".to_owned());
    lines.extend(exposed.plan.iter().enumerate().map(|(i, step)| format!("{}. {step}", i + 1)));
    lines
}
