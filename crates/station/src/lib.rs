//! The running station: clock, randomness, threads, devices.
//!
//! [`Station`] is what the window and the command line hold. Behind it is one state under one lock (`shared`), and a
//! thread for each device (`devices`) that asks what is due (`work`, `printing`). What must survive is in the store.

pub mod api;
mod assets;
mod backup;
mod bench;
mod calendar;
mod cards;
mod case;
mod chip;
mod chipdesk;
mod definitions;
mod devices;
mod devicetest;
mod dumps;
mod encode;
mod encodings;
mod encodingview;
mod entropy;
mod errands;
mod error;
mod exposed;
mod fileprinter;
mod handout;
mod home;
mod hotplug;
mod house;
mod journal;
mod kept;
mod keys;
mod lf;
mod look;
mod making;
mod opening;
mod operators;
mod options;
mod people;
mod pictures;
mod printing;
mod program;
mod protocol;
mod record;
pub mod selftest;
mod selftesttag;
mod session;
mod settings;
mod shared;
mod station;
mod steps;
mod stock;
mod tag;
mod tagbench;
mod views;
mod void;
mod work;

pub use bench::{CHIP_READER as BENCH_CHIP_READER, ENCODER as BENCH_ENCODER, PRINTER as BENCH_PRINTER};
pub use error::StationError;
pub use home::default_home;
pub use lanyard_store::private_file;
pub use options::{Access, HouseChoice, Options};
pub use shared::{Clock, Event, Listener};
pub use station::Station;
pub use tagbench::{TAG_READER as BENCH_TAG_READER, TagDesk};
