//! German.

use super::{Phrases, Said};

const fn s(what: &'static str, means: &'static str) -> Said {
    Said { what, means }
}

pub(super) const PHRASES: Phrases = Phrases {
    holds: "Die Historie ist in Ordnung.",
    faults: "Die Historie ist NICHT in Ordnung. Fehler: {n}",
    extract: "EIN AUSZUG: Einträge über {records} Datensätze. Was weggelassen wurde, ist nicht zu sehen; {not_shown} Einträge des Protokolls fehlen darin. Verlangen Sie die ganze Historie, oder prüfen Sie mit --complete.",
    consistent: "Stufe: in sich stimmig. Für sich allein kann sie nicht zeigen, dass ihr Ende nicht an einem sauberen Abschluss abgeschnitten oder dass sie nicht als Ganzes von jemandem mit ihren Schlüsseln neu geschrieben wurde: mit einem früheren Kontrollpunkt vergleichen (--since).",
    anchored: "Stufe: verankert. Sie setzt den früheren Kontrollpunkt fort, den Sie angegeben haben.",
    witnessed: "Stufe: bezeugt von {n}. So viele der genannten Zeugen haben unterschrieben, dass sie diese Historie gesehen haben.",
    root_not_compared: "WURZEL NICHT VERGLICHEN. Fingerabdruck des Wurzelschlüssels dieser Historie: {fingerprint}. Vergleichen Sie ihn mit dem, den Sie auf anderem Weg erhalten haben, oder nennen Sie ihn mit --root: sonst könnte dies die Historie eines anderen Hauses sein.",
    root_same: "Der Wurzelschlüssel ist der von Ihnen genannte ({fingerprint}).",
    root_differs: "DER WURZELSCHLÜSSEL IST NICHT DER VON IHNEN GENANNTE. Fingerabdruck hier: {fingerprint}.",
    no_root: "Es lässt sich kein Wurzelschlüssel nennen.",
    counted: "Geprüft: {entries} Einträge von {writers} Schreibern; {opened} von {fields} Werten gezeigt, {erased} gelöscht, {withheld} zurückgehalten; {blobs} Bilder und Dokumente; {logged} Einträge im Log, {not_logged} noch nicht.",
    signed: "Von einer Person unterschriebene Handlungen: {person}. Nur von der Maschine behauptete: {machine}.",
    remarks: "Wissenswert ({n}):",
    where_entry: "Eintrag {seq} des Schreibers {writer}",
    where_log: "das Log, oder kein bestimmter Eintrag",
    field: "Feld {field}",
    clock: "{at} nach der Uhr des Schreibers",
    means: "Was es bedeuten kann: ",
    more: "… und {n} weitere dieser Art",
    unreadable: "Das Bündel ist nicht lesbar: {file}: {why}",
    gone: "eine solche Datei gibt es nicht",
    denied: "dieser Benutzer darf sie nicht lesen",
    folder: "es ist ein Ordner, keine Datei",
    no_zip: "es ist kein ZIP oder ein beschädigtes",
    too_large: "{what}: {size}; kein Bündel hat mehr als {limit}",
};

pub(super) fn say(code: &str) -> Option<Said> {
    Some(match code {
        "cbor.not_canonical" => s(
            "Ein Eintrag steht nicht in der einen erlaubten Form.",
            "Er wurde beschädigt, verändert oder von einem anderen Programm als Lanyard geschrieben. Eine Form mit zweiter Lesart könnte etwas verbergen.",
        ),
        "entry.unknown_version" => s(
            "Ein Eintrag hat eine Version, die dieses Programm nicht kennt.",
            "Ein neueres Programm hat ihn geschrieben. Verwenden Sie ein neueres lanyard-verify; bis dahin ist sein Inhalt nicht geprüft.",
        ),
        "entry.duplicate" => s(
            "Derselbe Eintrag ist zweimal da.",
            "Die Datei wurde falsch zusammengestellt, oder jemand wollte ein Ereignis doppelt zählen lassen.",
        ),
        "entry.order" => s(
            "Ein Eintrag steht nicht an seinem Platz in der Datei.",
            "Die Datei wurde nach dem Export umgestellt. Es muss nichts fehlen, aber es ist nicht das, was exportiert wurde.",
        ),
        "key.foreign" => s(
            "Ein Eintrag wurde mit einem Schlüssel signiert, der nicht seinem Schreiber gehört.",
            "Der Schlüssel einer anderen Station, ein alter oder ein fremder wurde benutzt: jemand anderes hat ihn geschrieben, oder ein Schlüssel ist in falsche Hände geraten.",
        ),
        "entry.altered" => s(
            "Ein Eintrag wurde nach dem Signieren verändert oder nie von seinem Schreiber signiert.",
            "Auf seinen Inhalt ist kein Verlass. Ein Schaden bewirkt das, eine Fälschung auch.",
        ),
        "chain.fork" => s(
            "An derselben Stelle stehen zwei verschiedene, gültig signierte Einträge.",
            "Der Schreiber hat zwei Geschichten erzählt: sein Schlüssel wurde kopiert und anderswo benutzt, oder eine Station wurde aus einer alten Sicherung wiederhergestellt und schrieb weiter.",
        ),
        "entry.inserted" => s(
            "Ein Eintrag wurde dazwischengeschoben: seine Nachbarn kennen ihn nicht.",
            "Jemand mit dem Schlüssel des Schreibers hat ihn später hinzugefügt.",
        ),
        "entry.missing" => s(
            "Hier fehlen ein oder mehrere Einträge.",
            "Sie wurden entfernt. Was in dieser Lücke geschah, wird nicht gezeigt.",
        ),
        "chain.broken" => s(
            "Ein Eintrag folgt nicht aus dem vorigen.",
            "Einer von beiden wurde ausgetauscht oder etwas dazwischen herausgenommen. Ist der vorige oben genannt, so ist dies eine Folge davon.",
        ),
        "chain.mixed" => s(
            "Probe- und echte Einträge sind in einer Kette gemischt.",
            "Probeausweise könnten als echte gelten oder umgekehrt.",
        ),
        "key.unvouched" => s(
            "Niemand, der es darf, hat für den Schlüssel dieses Eintrags gebürgt.",
            "Eine nie zugelassene Station hat ihn geschrieben, oder ein Schlüssel wurde ohne das Wort des Servers gewechselt.",
        ),
        "writer.after_retired" => s(
            "Ein Eintrag wurde geschrieben, nachdem sein Schreiber außer Dienst gestellt war.",
            "Eine Station, die nicht mehr arbeiten sollte, arbeitet noch, oder ihr Schlüssel ist in anderen Händen.",
        ),
        "opening.mismatch" => s(
            "Ein gezeigter Wert ist nicht der aufgezeichnete.",
            "Der gezeigte Name, die Nummer oder das Bild wurde ausgetauscht; der Eintrag selbst bindet noch den wahren Wert.",
        ),
        "opening.foreign" => s(
            "Ein gezeigter Wert gehört zu keinem Eintrag, der hier ist.",
            "Sein Eintrag wurde weggelassen, oder der Wert wurde hinzugefügt.",
        ),
        "erase.foreign" => s(
            "Eine Löschung nennt Werte eines anderen Datensatzes.",
            "Unter dem Vorwand eines Löschbegehrens könnten Daten entfernt worden sein.",
        ),
        "field.withheld" => s(
            "Ein Wert wird nicht gezeigt und wurde nicht gelöscht.",
            "Beim Export wurde er weggelassen. Verlangen Sie ihn.",
        ),
        "blob.altered" => {
            s("Ein Bild oder Dokument ist nicht das aufgezeichnete.", "Die Datei wurde ausgetauscht oder beschädigt.")
        }
        "blob.missing" => {
            s("Ein Bild oder Dokument ist nicht da.", "Beim Export wurde es weggelassen. Verlangen Sie es.")
        }
        "signed.invalid" => s(
            "Die eigene Unterschrift einer Person hält nicht.",
            "Diese Person hat das nicht unterschrieben, oder das Unterschriebene wurde verändert.",
        ),
        "signed.disagrees" => s(
            "Eine Person hat etwas anderes unterschrieben, als der Eintrag sagt.",
            "Die Maschine hat eine andere Handlung, einen anderen Datensatz oder einen späteren Zeitpunkt aufgezeichnet, als die Person wollte.",
        ),
        "scope.cut" => {
            s("Die Kette endet früher oder anders, als das Bündel sagt.", "Ihre letzten Einträge wurden abgeschnitten.")
        }
        "log.root" => s(
            "Der Kontrollpunkt des Logs passt nicht zu dem, was hier ist, oder das Log hat ihn nicht signiert.",
            "Blätter oder Kontrollpunkt wurden verändert oder stammen aus einem anderen Log. Dass Einträge im Log stehen, ist nicht gezeigt.",
        ),
        "log.not_extended" => s(
            "Das Log setzt einen früheren Kontrollpunkt nicht fort.",
            "Die Historie wurde seit diesem Kontrollpunkt gekürzt oder neu geschrieben. Das ist der schwerste Fehler: fragen Sie, wer die Schlüssel hatte.",
        ),
        "log.entry_missing" => s(
            "Ein Eintrag steht nur in einem von beiden: im Log oder in diesem Bündel.",
            "Er wurde aus diesem Bündel genommen oder dem Log vorenthalten.",
        ),
        "root.differs" => s(
            "Der Wurzelschlüssel ist nicht der von Ihnen genannte.",
            "Dies ist die Historie eines anderen Hauses, oder jemand hat eine gebaut, die so aussieht.",
        ),
        "clock.backwards" => s(
            "Die Uhr des Schreibers lief rückwärts.",
            "Die Uhr wurde gestellt oder ging falsch. Die Zeiten hier sind unsicher, die Reihenfolge nicht.",
        ),
        "run.not_closed" => s(
            "Ein Lauf der Station wurde nicht beendet, bevor der nächste begann.",
            "Der Strom fiel aus, das Programm wurde abgebrochen, oder die Maschine wurde durch eine Kopie ersetzt.",
        ),
        "record.concurrent" => s(
            "Ein Datensatz wurde an zwei Orten geändert, und die Änderungen wurden nicht zusammengeführt.",
            "Zwei Stationen haben daran gearbeitet, ohne voneinander zu wissen. Sehen Sie sich beide an.",
        ),
        "log.not_logged" => s(
            "Ab diesem Eintrag ist die Kette noch nicht im Log.",
            "Er wurde seit dem letzten Abgleich geschrieben. Spätere Bündel müssen ihn im Log zeigen.",
        ),
        "signed.machine_only" => s(
            "Keine Person hat diese Handlung unterschrieben; die Maschine sagt, dass sie geschah.",
            "Das ist so verlässlich wie die Station und jene, die Zugang zu ihr hatten.",
        ),
        "writer.single_person" => s(
            "Diese Station hat nur eine Bedienperson.",
            "Eine Person konnte alles allein tun; niemand sonst musste zustimmen.",
        ),
        "erase.still_shown" => s(
            "Ein Wert wurde gelöscht und wird hier trotzdem gezeigt.",
            "Eine Kopie hat die Löschung überlebt. Sie gehört entfernt.",
        ),
        _ => return None,
    })
}
