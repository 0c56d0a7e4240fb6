//! `piv-card --port 35964`: lays the card on a reader of `vsmartcard-vpcd` and leaves it there until it is ended, which is
//! how the card is taken off.

use std::net::{Ipv4Addr, SocketAddr};

use clap::Parser;
use lanyard_piv_card::PivCard;

/// A factory-new PIV card on a reader of vsmartcard-vpcd.
#[derive(Parser)]
struct Arguments {
    /// The port on which vpcd waits for a card.
    #[arg(long, default_value_t = vpicc::DEFAULT_PORT)]
    port: u16,
}

fn main() -> std::io::Result<()> {
    let Arguments { port } = Arguments::parse();
    vpicc::connect_socket(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?.run(&mut PivCard::new())
}
