//! Servers and the stations they enrol: what is vouched for, and what is not.

use lanyard_history::{NO_PREV, events};
use lanyard_model::{Change, Kind, Value};

use super::spoilt::{Case, case};
use super::{
    CARD, Chain, Lone, Parts, SERVER, SERVER_ORIGIN, STATION, Served, key, operator, public, record, sign, sign_as,
};

pub(super) fn servers() -> Vec<Case> {
    let mut unvouched = Served::begin();
    unvouched.station.enrol();
    operator(&mut unvouched.station, 30);
    operator(&mut unvouched.station, 31);

    // A lone station joins: its chain so far is pinned by the head that the server names.
    let mut joined = Served::begin();
    joined.station = Lone::begin(false).chain;
    joined.enrol_station();
    operator(&mut joined.station, 30);
    operator(&mut joined.station, 31);

    let mut joined_otherwise = Served::begin();
    joined_otherwise.station = Lone::begin(false).chain;
    let (station, key_bytes) = (joined_otherwise.station.writer, public(&key(STATION)));
    joined_otherwise.server.write(&events::writer_enrolled(station, &key_bytes, 3, &[8; 32]));
    operator(&mut joined_otherwise.station, 30);
    operator(&mut joined_otherwise.station, 31);

    let rekeyed = |repeated: bool| {
        let mut served = Served::begin();
        served.enrol_station();
        served.station.enrol();
        served.station.rekey(key(0x53), &key(0x53));
        if repeated {
            served.enrol_station();
        }
        operator(&mut served.station, 30);
        operator(&mut served.station, 31);
        served
    };

    let mut retired = Served::new();
    let (writer, seq, head) = (retired.station.writer, retired.station.seq(), retired.station.head());
    retired.server.write(&events::writer_retired(writer, seq, &head));
    operator(&mut retired.station, 30);
    operator(&mut retired.station, 31);

    // The station's own word about another station is worth nothing.
    let mut by_a_station = Served::new();
    let mut third = Chain::new(0x31);
    by_a_station.station.write(&events::writer_enrolled(third.writer, &public(&third.key), 1, &NO_PREV));
    third.enrol();
    let mut by_a_station_parts = Parts::of(&[&third, &by_a_station.station, &by_a_station.server]);
    let leaves: Vec<_> =
        [&by_a_station.server, &by_a_station.station, &third].iter().flat_map(|c| c.hashes()).collect();
    by_a_station_parts.log(&leaves, SERVER_ORIGIN, &key(0x62));
    by_a_station_parts.blobs.clear();

    let mut same_key = Served::new();
    let mut twin = Chain::new(0x71);
    twin.key = key(STATION);
    same_key.server.write(&events::writer_enrolled(twin.writer, &public(&twin.key), 1, &NO_PREV));
    twin.enrol();
    let mut same_key_parts = Parts::of(&[&same_key.station, &same_key.server, &twin]);
    let leaves: Vec<_> = [&same_key.server, &same_key.station, &twin].iter().flat_map(|c| c.hashes()).collect();
    same_key_parts.log(&leaves, SERVER_ORIGIN, &key(0x62));

    // The station signs with the server's key: known, but not its own.
    let mut others_key = Served::new();
    let last = others_key.station.drafts.len() - 1;
    let forged = sign_as(&others_key.station.drafts[last], &key(SERVER), &public(&key(STATION)));
    others_key.station.entries[last] = forged;

    let adopted = |bytes: Vec<u8>| {
        let mut served = Served::new();
        served
            .server
            .write(&Change::new("entry.adopted", record(Kind::Card, CARD)).public("bytes", Value::Bytes(bytes)));
        served.parts()
    };
    let (stranded, _) = Served::new().station.draft(&Change::new("card.voided", record(Kind::Card, CARD)));
    let good = sign(&stranded, &key(STATION)).into_bytes();
    let mut bad = good.clone();
    *bad.last_mut().unwrap() ^= 1;
    vec![
        case("server", Served::new().parts(), ""),
        case("server-unvouched", unvouched.parts(), "key.unvouched@1 key.unvouched@2 key.unvouched@3"),
        case("server-joined", joined.parts(), ""),
        case(
            "server-joined-with-another-chain",
            joined_otherwise.parts(),
            "key.unvouched@1 key.unvouched@2 key.unvouched@3 key.unvouched@4",
        ),
        case("server-rekeyed", rekeyed(true).parts(), ""),
        case("server-rekey-not-repeated", rekeyed(false).parts(), "key.unvouched@3 key.unvouched@4"),
        case("server-retired-a-station", retired.parts(), "writer.after_retired@10 writer.after_retired@11"),
        case("server-vouched-by-a-station", by_a_station_parts, "key.unvouched@1"),
        case("server-key-of-two-writers", same_key_parts, "key.foreign@1"),
        case("server-key-used-by-a-station", others_key.parts(), "key.foreign@9"),
        case("server-adopted", adopted(good), ""),
        case("server-adopted-altered", adopted(bad), "entry.altered@4"),
    ]
}
