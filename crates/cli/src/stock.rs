//! `lanyard stock add | list`: which blanks came in.

use lanyard_station::Station;
use lanyard_station::api::{Problem, StockHit};

use crate::arguments::StockCommand;
use crate::commands::read_text;
use crate::output::answer;

/// Carries out what was asked for.
pub fn command(station: &Station, command: &StockCommand, json: bool) -> Result<(), Problem> {
    match command {
        StockCommand::List => answer(json, &station.stock()?, |all| all.iter().map(line).collect()),
        StockCommand::Add { file, range, name } => {
            let added = match (file, range.as_deref()) {
                (Some(file), _) => station.stock_add_list(&read_text(file)?, name)?,
                (None, Some([first, last])) => station.stock_add_range(first, last, name)?,
                // Clap lets nothing else through.
                (None, _) => return Ok(()),
            };
            answer(json, &added, |added| {
                let known = format!("{} new, {} known already", added.new, added.already);
                added.stock.iter().map(line).chain([known]).collect()
            });
        }
    }
    Ok(())
}

fn line(hit: &StockHit) -> String {
    let range = hit.first.iter().zip(&hit.last).map(|(first, last)| format!("\t{first} to {last}")).collect::<String>();
    format!("{}\t{}\t{} cards{range}", hit.id, hit.name, hit.cards)
}
