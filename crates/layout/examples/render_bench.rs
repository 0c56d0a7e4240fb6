//! Prints how long a card takes: front and back at 300 dpi as pixels, and both as PDF. With a folder as its argument it
//! leaves the pictures there.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::path::Path;
use std::time::Instant;

use lanyard_layout::{PRINT_DPI, SceneOptions, Side, scene};

fn main() {
    let (fonts, design, values, facts) = (common::fonts(), common::employee(), common::eileen(), common::facts());
    let options = SceneOptions { rehearsal: std::env::args().nth(2).is_some() };
    let rounds = 20;
    let mut spent = [0.0; 4];
    for _ in 0..rounds {
        let mut timed = |index: usize, work: &mut dyn FnMut()| {
            let start = Instant::now();
            work();
            spent[index] += start.elapsed().as_secs_f64() * 1000.0 / f64::from(rounds);
        };
        let mut made = None;
        timed(0, &mut || made = Some(scene(&design, &values, &fonts, options).unwrap()));
        let card = made.unwrap();
        timed(1, &mut || drop(card.pixels(Side::Front, PRINT_DPI).unwrap()));
        timed(2, &mut || drop(card.pixels(Side::Back, PRINT_DPI).unwrap()));
        timed(3, &mut || drop(card.pdf(&facts).unwrap()));
    }
    println!("| step | ms |\n| --- | ---: |");
    for (name, ms) in ["scene", "front, 300 dpi", "back, 300 dpi", "PDF, both sides"].iter().zip(spent) {
        println!("| {name} | {ms:.1} |");
    }
    if let Some(folder) = std::env::args().nth(1) {
        let card = scene(&design, &values, &fonts, options).unwrap();
        for side in Side::BOTH {
            std::fs::write(Path::new(&folder).join(format!("{side}.png")), card.png(side, PRINT_DPI).unwrap()).unwrap();
        }
        std::fs::write(Path::new(&folder).join("card.pdf"), card.pdf(&facts).unwrap()).unwrap();
    }
}
