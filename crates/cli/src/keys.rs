//! `lanyard keys …`: the house's keys, made, brought in, backed up, proved and taken back. Passphrases, PINs, components and
//! shares come from files or prompts, never from the command line.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use lanyard_keys::{Component, Cost, KeyRef, KeySet, KeySize, KeysError, Limits, SealTo, SealedBy, Share};
use lanyard_secret::SecretBytes;
use lanyard_station::Station;
use lanyard_station::api::{Ceremony, Exposed, KeyHit, KeyList, KeyOpening, KeySource, Problem, TokenLogin, Witness};

use crate::commands::{free, write_new};
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
        token: TokenArguments,
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
        #[arg(long, default_value_t = 2)]
        people: usize,
        /// Into the token, which it never leaves, rather than into the vault.
        #[arg(long)]
        in_token: bool,
        #[command(flatten)]
        token: TokenArguments,
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
        token: TokenArguments,
        #[command(flatten)]
        page: Page,
    },
    /// Open a backup and compare every key with the one in use: it counts for a year. Without a file: a second token.
    Prove {
        /// The backup.
        from: Option<PathBuf>,
        #[command(flatten)]
        opening: Opening,
        #[command(flatten)]
        token: TokenArguments,
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
        #[arg(long)]
        operator: u32,
        /// At the station.
        #[arg(long)]
        station: u32,
        #[command(flatten)]
        page: Page,
    },
    /// If this station is stolen: which keys and cards are at risk, and what is to be done.
    Exposed {
        /// Its name or id; without it, this one.
        station: Option<String>,
    },
}

/// Who else is there, and where the protocol goes.
#[derive(Args)]
pub struct Page {
    /// Sign-in name of a colleague who is there; several.
    #[arg(long = "witness", value_name = "LOGIN")]
    witnesses: Vec<String>,
    /// Files with their passwords, in the same order; without them, prompts.
    #[arg(long = "witness-password-file", value_name = "FILE")]
    password_files: Vec<PathBuf>,
    /// Write the protocol into this new file instead of standard output.
    #[arg(long, value_name = "FILE")]
    protocol: Option<PathBuf>,
}

/// A PKCS#11 token.
#[derive(Args)]
pub struct TokenArguments {
    /// The token's PKCS#11 module.
    #[arg(long, value_name = "FILE")]
    token_module: Option<PathBuf>,
    /// Its serial number, where the module shows several.
    #[arg(long, value_name = "NUMBER")]
    token_serial: Option<String>,
    /// File with its PIN; without it, a prompt.
    #[arg(long, value_name = "FILE")]
    token_pin_file: Option<PathBuf>,
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

impl TokenArguments {
    fn login(&self) -> Result<Option<TokenLogin>, Problem> {
        let Some(module) = &self.token_module else { return Ok(None) };
        let pin = secret::read(self.token_pin_file.as_deref(), "PIN of the token: ")?;
        Ok(Some(TokenLogin { module: module.clone(), serial: self.token_serial.clone(), pin }))
    }

    /// Logs the station in, where a token is named.
    pub fn enter(&self, station: &Station) -> Result<(), Problem> {
        self.login()?.map_or(Ok(()), |login| station.token_login(&login))
    }
}

impl Page {
    fn witnesses(&self) -> Result<Vec<Witness>, Problem> {
        let file = |i: usize| self.password_files.get(i).map(PathBuf::as_path);
        let of = |(i, login): (usize, &String)| {
            let password = secret::read(file(i), &format!("Password of {login}: "))?;
            Ok(Witness { login: login.clone(), password })
        };
        self.witnesses.iter().enumerate().map(of).collect()
    }

    /// Asked before anything is done whose page could not be written.
    fn free(&self) -> Result<(), Problem> {
        self.protocol.as_deref().map_or(Ok(()), free)
    }

    fn tell(&self, ceremony: &Ceremony, json: bool) -> Result<(), Problem> {
        if let Some(file) = &self.protocol {
            write_new(file, ceremony.protocol.as_bytes())?;
        }
        answer(json, ceremony, |ceremony| match &self.protocol {
            Some(_) => ceremony.keys.iter().map(key_line).collect(),
            None => ceremony.protocol.lines().map(str::to_owned).collect(),
        });
        Ok(())
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
        KeysCommand::Create { name, in_token, token, page } => {
            page.free()?;
            token.enter(station)?;
            page.tell(&station.key_create(name, &KeySource::Random, *in_token, &page.witnesses()?)?, json)
        }
        KeysCommand::Component { to, piv } => {
            let size = if *piv { KeySize::Aes192 } else { KeySize::Aes128 };
            let component = Component::random(size, &mut |bytes| station.random(bytes));
            write_new(to, component.printed().expose())?;
            note(&format!("Component written, check value {}. Only one person keeps it.", component.check_value()));
            Ok(())
        }
        KeysCommand::Import { name, components, people, in_token, token, page } => {
            page.free()?;
            token.enter(station)?;
            let count = if components.is_empty() { *people } else { components.len() };
            let component = |i: usize| {
                let file = components.get(i).map(PathBuf::as_path);
                typed(file, &format!("Component {} of {count} (hex / check value): ", i + 1), Component::typed)
            };
            let source = KeySource::Components((0..count.min(3)).map(component).collect::<Result<_, _>>()?);
            page.tell(&station.key_create(name, &source, *in_token, &page.witnesses()?)?, json)
        }
        KeysCommand::Backup { to, keys, site, shares, shares_to, backup_passphrase_file, token, page } => {
            page.free()?;
            free(to)?;
            token.enter(station)?;
            let named = keys.iter().map(|text| key_named(text)).collect::<Result<Vec<_>, _>>()?;
            let passphrase;
            let seal = match shares {
                Some(text) => {
                    let counts = text.split_once('/').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
                    let (threshold, of) = counts.ok_or_else(|| usage_problem("--shares", text))?;
                    SealTo::Shares { threshold, of }
                }
                None => {
                    passphrase = secret::read(backup_passphrase_file.as_deref(), "New passphrase of the backup: ")?;
                    SealTo::Passphrase(&passphrase, Cost::REAL)
                }
            };
            let (sealed, ceremony) = station.key_backup(&named, site.as_deref(), &seal, &page.witnesses()?)?;
            write_new(to, &sealed.file)?;
            for share in &sealed.shares {
                give(share, shares_to.as_deref(), json)?;
            }
            note("Backup written. Prove it: lanyard keys prove");
            page.tell(&ceremony, json)
        }
        KeysCommand::Prove { from, opening, token, page } => {
            page.free()?;
            let ceremony = match (from, token.login()?) {
                (Some(from), _) => {
                    let file = std::fs::read(from).map_err(|error| file_problem(from, &error))?;
                    station.key_prove(&file, &opening.of(&file)?)?
                }
                (None, Some(second)) => station.key_prove_by_token(&second)?,
                (None, None) => return Err(usage_problem("--token-module", "")),
            };
            page.tell(&ceremony, json)
        }
        KeysCommand::Restore { from, opening, page } => {
            page.free()?;
            let file = std::fs::read(from).map_err(|error| file_problem(from, &error))?;
            page.tell(&station.key_restore(&file, &opening.of(&file)?, &page.witnesses()?)?, json)
        }
        KeysCommand::Limit { operator, station: at_station, page } => {
            let limits = Limits { operator: *operator, station: *at_station };
            answer(json, &station.key_limit(limits, &page.witnesses()?)?, list_lines);
            Ok(())
        }
        KeysCommand::Exposed { station: name } => {
            answer(json, &station.keys_exposed(name.as_deref())?, exposed_lines);
            Ok(())
        }
    }
}

/// A share goes to one person: into a file of its own, or onto the screen, once.
fn give(share: &Share, folder: Option<&Path>, json: bool) -> Result<(), Problem> {
    let printed = share.printed();
    let (number, of, needed) = (share.number(), share.of(), share.threshold());
    match folder {
        Some(folder) => write_new(&folder.join(format!("share-{number}-of-{of}.txt")), printed.expose()),
        None if json => Err(usage_problem("--shares-to", "")),
        None => {
            line(&format!("Share {number} of {of}, {needed} are needed. For one person; it is shown once."));
            line(&format!("  {}\n", String::from_utf8_lossy(printed.expose())));
            Ok(())
        }
    }
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
        let word = if key.exposed { "EXPOSED" } else { "not exposed" };
        let name = format!("{}/{}", key.key.name, key.key.version);
        lines.push(format!("{name}\t{}\t{word}\t{} cards\t{}", key.key.home, key.cards.len(), key.cards.join(" ")));
    }
    lines.push("What to do:".to_owned());
    lines.extend(exposed.plan.iter().enumerate().map(|(i, step)| format!("{}. {step}", i + 1)));
    lines
}
