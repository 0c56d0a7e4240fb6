//! English.

use super::{Phrases, Said};

const fn s(what: &'static str, means: &'static str) -> Said {
    Said { what, means }
}

pub(super) const PHRASES: Phrases = Phrases {
    holds: "The history holds.",
    faults: "The history does NOT hold. Faults: {n}",
    extract: "AN EXTRACT: entries about {records} records. What was left out of it cannot be seen; {not_shown} entries of its log are not in it. Ask for the whole history, or check with --complete.",
    consistent: "Level: consistent. It holds within itself. By itself it cannot show that its end was not cut off at a clean close, or that it was not rewritten as a whole by someone who has its keys: compare it with an earlier checkpoint (--since).",
    anchored: "Level: anchored. It extends the earlier checkpoint that you gave.",
    witnessed: "Level: witnessed by {n}. So many of the witnesses you named have signed that they saw this history.",
    root_not_compared: "ROOT NOT COMPARED. Fingerprint of this history's root key: {fingerprint}. Compare it with the one you were given by another way, or name it with --root: without that, this could be the history of another house.",
    root_same: "The root key is the one you named ({fingerprint}).",
    root_differs: "THE ROOT KEY IS NOT THE ONE YOU NAMED. Fingerprint here: {fingerprint}.",
    no_root: "No root key can be named.",
    counted: "Checked: {entries} entries by {writers} writers; {opened} of {fields} values shown, {erased} erased, {withheld} withheld; {blobs} pictures and documents; {logged} entries in the log, {not_logged} not yet.",
    signed: "Acts signed by a person: {person}. Acts that the machine alone asserts: {machine}.",
    remarks: "Worth knowing ({n}):",
    where_entry: "entry {seq} of writer {writer}",
    where_log: "the log, or no entry in particular",
    field: "field {field}",
    clock: "{at} by the writer's clock",
    means: "What it can mean: ",
    more: "… and {n} more of this kind",
    unreadable: "The bundle cannot be read: {file}: {why}",
    gone: "there is no such file",
    denied: "this user may not read it",
    folder: "it is a folder, not a file",
    no_zip: "it is no ZIP, or a damaged one",
    too_large: "{what}: {size}; no bundle has more than {limit}",
};

pub(super) fn say(code: &str) -> Option<Said> {
    Some(match code {
        "cbor.not_canonical" => s(
            "An entry is not written in the one form that is allowed.",
            "It was damaged, changed, or written by a program that is not Lanyard. A form with a second reading could hide something.",
        ),
        "entry.unknown_version" => s(
            "An entry is of a version that this program does not know.",
            "It was written by a newer program. Use a newer lanyard-verify; until then what it says is not checked.",
        ),
        "entry.duplicate" => s(
            "The same entry is there twice.",
            "The file was put together wrongly, or someone tried to have one event count twice.",
        ),
        "entry.order" => s(
            "An entry is not in its place in the file.",
            "The file was rearranged after the export. Nothing need be missing, but it is not what was exported.",
        ),
        "key.foreign" => s(
            "An entry was signed with a key that is not its writer's.",
            "Another station's key, an old key or a stranger's was used: someone else wrote it, or a key went astray.",
        ),
        "entry.altered" => s(
            "An entry was changed after it was signed, or was never signed by its writer.",
            "What it says cannot be relied upon. Damage does this, and so does tampering.",
        ),
        "chain.fork" => s(
            "There are two different, validly signed entries in the same place.",
            "The writer told two stories: its key was copied and used elsewhere, or a station was restored from an old backup and went on.",
        ),
        "entry.inserted" => s(
            "An entry was put in between: its neighbours do not know it.",
            "It was added later by someone who has the writer's key.",
        ),
        "entry.missing" => {
            s("One or more entries are missing here.", "They were removed. What happened in this gap is not shown.")
        }
        "chain.broken" => s(
            "An entry does not follow from the one before it.",
            "One of the two was exchanged, or something between them was taken out. If the entry before is named above, this follows from it.",
        ),
        "chain.mixed" => s(
            "Rehearsal and real entries are mixed in one chain.",
            "Practice badges may pass for real ones, or the other way round.",
        ),
        "key.unvouched" => s(
            "Nobody who may do so has vouched for the key of this entry.",
            "A station that was never admitted wrote it, or a key was changed without the server's word.",
        ),
        "writer.after_retired" => s(
            "An entry was written after its writer had been retired.",
            "A station that should be out of use is still working, or its key is in other hands.",
        ),
        "opening.mismatch" => s(
            "A value shown is not the value that was recorded.",
            "The name, number or picture shown here was exchanged; the entry itself still holds the commitment to the true one.",
        ),
        "opening.foreign" => {
            s("A value is shown that belongs to no entry here.", "Its entry was left out, or the value was added.")
        }
        "erase.foreign" => s(
            "An erasure names values of another record.",
            "Data may have been removed under the pretext of an erasure request.",
        ),
        "field.withheld" => s("A value is not shown, and it was not erased.", "The exporter left it out. Ask for it."),
        "blob.altered" => {
            s("A picture or document is not the one that was recorded.", "The file was exchanged or damaged.")
        }
        "blob.missing" => s("A picture or document is not there.", "The exporter left it out. Ask for it."),
        "signed.invalid" => s(
            "A person's own signature does not hold.",
            "That person did not sign this, or what they signed was changed.",
        ),
        "signed.disagrees" => s(
            "A person signed something else than the entry says.",
            "The machine recorded another act, another record or a later time than the person agreed to.",
        ),
        "scope.cut" => {
            s("The chain ends earlier, or otherwise, than the bundle says.", "Its last entries were cut off.")
        }
        "log.root" => s(
            "The log's checkpoint does not fit what is here, or the log did not sign it.",
            "Leaves or checkpoint were changed, or come from another log. That entries were logged is not shown.",
        ),
        "log.not_extended" => s(
            "The log does not continue from an earlier checkpoint.",
            "The history was cut or rewritten since that checkpoint was taken. This is the gravest of faults: ask who had the keys.",
        ),
        "log.entry_missing" => s(
            "An entry is in only one of the two: the log, or this bundle.",
            "It was taken out of this bundle, or kept from the log.",
        ),
        "root.differs" => s(
            "The root key is not the one you named.",
            "This is the history of another house, or someone has built one to look like it.",
        ),
        "clock.backwards" => s(
            "The writer's clock ran backwards.",
            "The clock was set, or it was wrong. Times around here are uncertain; the order is not.",
        ),
        "run.not_closed" => s(
            "A run of the station was not closed before the next began.",
            "Power failed, the program was stopped, or the machine was replaced by a copy.",
        ),
        "record.concurrent" => s(
            "A record was changed in two places, and the changes have not been brought together.",
            "Two stations worked on it without knowing of each other. Look at both.",
        ),
        "log.not_logged" => s(
            "From this entry on, the chain is not in the log yet.",
            "It was written since the last exchange. Later bundles must show it in the log.",
        ),
        "signed.machine_only" => s(
            "No person signed this act; the machine says that it happened.",
            "It is as reliable as the station and those who had access to it.",
        ),
        "writer.single_person" => {
            s("This station has one operator.", "One person could do everything alone; nobody else had to agree.")
        }
        "erase.still_shown" => s(
            "A value was erased and is nevertheless shown here.",
            "A copy outlived the erasure. It should be removed.",
        ),
        _ => return None,
    })
}
